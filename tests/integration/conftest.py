"""Real parts that are started once for all tests of a process."""

from support.apiserver import api_server
from support.overwriting_s3 import overwriting_s3
from support.s3 import bucket_store, s3_server

__all__ = ["api_server", "bucket_store", "overwriting_s3", "s3_server"]
