from support.overwriting_s3 import overwriting_s3
from support.s3 import s3_server

__all__ = ["overwriting_s3", "s3_server"]
