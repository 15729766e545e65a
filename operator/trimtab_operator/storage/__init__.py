"""Stored results of the tenants' pods and the operator's audit chain.

Reads the data buckets, writes the audit bucket alone, and both through `trimtab_stages.store`.
"""
