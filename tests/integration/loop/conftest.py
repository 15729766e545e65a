"""A real API server for operator and monitor together."""

from support.apiserver import api_server

__all__ = ["api_server"]
