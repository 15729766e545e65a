"""Delivery of watch events by kopf, and the probes. The only importer of kopf.

Importing these modules registers nothing: `startup.build_registry` does.
"""
