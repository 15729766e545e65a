from support.overwriting_s3 import overwriting_s3
from support.s3 import bucket_store, s3_server

__all__ = ["bucket_store", "overwriting_s3", "s3_server"]
