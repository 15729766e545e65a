from support.s3 import bucket_store, s3_server

__all__ = ["bucket_store", "s3_server"]
