"""A real API server with pods whose metrics are served on this machine."""

from support.apiserver import api_server

__all__ = ["api_server"]
