"""Real parts that are started once for all tests of a process, and which tests begin."""

import pytest

from support.apiserver import api_server
from support.overwriting_s3 import overwriting_s3
from support.s3 import bucket_store, s3_server

__all__ = ["api_server", "bucket_store", "overwriting_s3", "s3_server"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let long ones begin: a worker that had one left at the end would be waited for."""
    items.sort(key=lambda item: item.get_closest_marker("long") is None)
