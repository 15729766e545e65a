"""Uploads a large file in parts and completes it only where there is no object yet."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef

LOG = logging.getLogger(__name__)

MAX_PARTS = 10_000
"""S3's limit for one upload."""


def upload_parts(client: "S3Client", bucket: str, key: str, path: Path, part_bytes: int) -> None:
    """Upload `path` in parts; memory: one part.

    The completion carries `If-None-Match: *`, so that the object appears whole or not at
    all and never over another writer's. A failed upload is aborted.

    Raises:
        ClientError: any answer of the store, 412 among them.
    """
    upload_id = client.create_multipart_upload(Bucket=bucket, Key=key)["UploadId"]
    try:
        parts: list[CompletedPartTypeDef] = [
            {
                "PartNumber": number,
                "ETag": client.upload_part(
                    Bucket=bucket, Key=key, UploadId=upload_id, PartNumber=number, Body=part
                )["ETag"],
            }
            for number, part in enumerate(_parts(path, part_bytes), start=1)
        ]
        client.complete_multipart_upload(
            Bucket=bucket,
            Key=key,
            UploadId=upload_id,
            MultipartUpload={"Parts": parts},
            IfNoneMatch="*",
        )
    except BaseException:
        _abort(client, bucket, key, upload_id)
        raise


def plan_part_bytes(size: int, part_bytes: int) -> int:
    """Return a part size with which `size` bytes need at most 10,000 parts."""
    return max(part_bytes, -(-size // MAX_PARTS))


def _parts(path: Path, part_bytes: int) -> Iterator[bytes]:
    size = plan_part_bytes(path.stat().st_size, part_bytes)
    with path.open("rb") as stream:
        while part := stream.read(size):
            yield part


def _abort(client: "S3Client", bucket: str, key: str, upload_id: str) -> None:
    try:
        client.abort_multipart_upload(Bucket=bucket, Key=key, UploadId=upload_id)
    except (BotoCoreError, ClientError):
        # The first error is the one to report; the store's lifecycle rules remove the parts.
        LOG.warning("upload %s of s3://%s/%s could not be aborted", upload_id, bucket, key)
