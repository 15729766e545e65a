"""Trimtab's control plane: API models, decisions, reconciliation, monitor and CLI."""

__version__ = "0.1.0"
