"""Measures the exported graph: metrics with intervals, champion comparison, threshold, report.

The metrics are pure numpy functions of additive tallies, so a bootstrap is one matrix product.
"""
