"""All talk with the Kubernetes API. The only importer of `kubernetes`.

`gather_*` read, `apply_*` write, and nothing here decides anything.
"""
