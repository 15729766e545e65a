from support.apiserver import api_server
from support.s3 import bucket_store, s3_server

__all__ = ["api_server", "bucket_store", "s3_server"]
