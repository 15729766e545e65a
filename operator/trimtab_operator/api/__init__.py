"""What users write: the kinds as pydantic models. The only source of the CRDs.

Imports only the standard library, pydantic and `trimtab_stages.contract`.
"""
