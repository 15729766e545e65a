"""What stages, server, operator and CLI agree on: recipes, stored formats, keys, gate rules.

Only pydantic and the standard library are imported here, and nothing here does I/O.
"""
