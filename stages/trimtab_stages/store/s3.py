"""A store in an S3 bucket (AWS, versitygw, MinIO, Ceph): the only user of boto3 anywhere."""

import contextlib
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.store.digest import copy_with_digest, digest_of_file, digest_of_stream
from trimtab_stages.store.errors import NotFound, StoreUnreachable
from trimtab_stages.store.key import check_key, check_overwritable, check_prefix
from trimtab_stages.store.protocol import Entry, Outcome, Written, adopt
from trimtab_stages.store.s3_errors import Call, error_code, translated
from trimtab_stages.store.s3_upload import upload_parts

if TYPE_CHECKING:
    from mypy_boto3_s3.client import S3Client
    from mypy_boto3_s3.type_defs import ListObjectsV2OutputTypeDef

ABSENT = "*"
"""`If-None-Match: *` (RFC 9110, 13.1.2): create the object only if there is none."""

PRECONDITION_CODES = frozenset({"PreconditionFailed", "412", "NoSuchUpload"})
"""Something is there already; an upload is gone when the answer to its completion got lost."""

FIRST_PAGE = 16
"""Entries of a listing's first page: most go on behind what is known, or stop at the first key."""

CONCURRENT_CODES = frozenset({"ConditionalRequestConflict", "409"})
CONCURRENT_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class S3Settings:
    """Where the bucket is and how to talk to it.

    Attributes:
        endpoint: URL of the store; None means AWS.
        bucket: bucket name.
        prefix: every key is below it; no slash at either end; may be empty.
        region: region that requests are signed for.
        access_key_id: None means the platform's own identity (for example IRSA).
        secret_access_key: belongs to `access_key_id`.
        ca_bundle: PEM file of the certificate authority, where it is not a public one.
        connect_timeout_seconds: per attempt.
        read_timeout_seconds: per attempt, between two bytes.
        max_attempts: attempts of one request before the store counts as unreachable.
        part_bytes: larger files go up in parts of this size (S3: at least 5 MiB).
    """

    bucket: str
    endpoint: str | None = None
    prefix: str = ""
    region: str = "us-east-1"
    access_key_id: str | None = None
    secret_access_key: str | None = None
    ca_bundle: Path | None = None
    connect_timeout_seconds: float = 5.0
    read_timeout_seconds: float = 60.0
    max_attempts: int = 4
    part_bytes: int = 64 << 20

    def __repr__(self) -> str:
        """Leave the secret out of logs."""
        place = f"bucket={self.bucket!r}, endpoint={self.endpoint!r}, prefix={self.prefix!r}"
        return f"S3Settings({place})"


class S3Store:
    """Keys are objects below `prefix` in one bucket; write-once is `If-None-Match: *`.

    Safe to share between threads.
    """

    def __init__(self, settings: S3Settings, pause: Callable[[float], None] = time.sleep) -> None:
        self._settings = settings
        self._pause = pause
        self._endpoint = settings.endpoint or f"AWS S3 ({settings.region})"
        with translated(Call("connect", settings.bucket, settings.bucket, self._endpoint)):
            self._client = _connect(settings)

    @property
    def location(self) -> str:
        """Bucket, prefix and endpoint."""
        return f"s3://{self._settings.bucket}/{self._settings.prefix} at {self._endpoint}"

    def uri(self, key: str) -> str:
        """Return the `s3://` URI of a key."""
        return f"s3://{self._settings.bucket}/{self._object_key(key)}"

    def get(self, key: str) -> bytes:
        """Return a whole (small) object; raises `NotFound`."""
        with self.open_stream(key) as stream:
            return stream.read()

    def get_file(self, key: str, path: Path) -> str:
        """Copy an object to `path` and return its digest; raises `NotFound`."""
        partial = path.with_name(f"{path.name}.partial")
        try:
            with self.open_stream(key) as source, partial.open("wb") as target:
                digest = copy_with_digest(source, target)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)
        return digest

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return at most `length` bytes from `start`."""
        if length <= 0:
            return b""
        wanted = f"bytes={start}-{start + length - 1}"
        with self._calling("get", key):
            try:
                answer = self._client.get_object(
                    Bucket=self._settings.bucket, Key=self._object_key(key), Range=wanted
                )
            except ClientError as error:
                if error_code(error) in {"InvalidRange", "416"}:
                    return b""
                raise
            return answer["Body"].read()

    @contextlib.contextmanager
    def _streaming(self, key: str) -> Iterator[BinaryIO]:
        with self._calling("get", key):
            answer = self._client.get_object(
                Bucket=self._settings.bucket, Key=self._object_key(key)
            )
            with contextlib.closing(answer["Body"]) as body:
                yield cast("BinaryIO", body)

    def open_stream(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object for sequential reading; raises `NotFound`."""
        return self._streaming(key)

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        """Create an object or adopt one with the same bytes; raises `ArtifactConflict`."""

        def create() -> None:
            self._client.put_object(
                Bucket=self._settings.bucket,
                Key=self._object_key(key),
                Body=data,
                IfNoneMatch=ABSENT,
            )

        return self._create(key, digest_of_bytes(data), create)

    def put_file_if_absent(self, key: str, path: Path) -> Outcome:
        """`put_if_absent` for a file of any size; large ones go up in parts."""
        digest = digest_of_file(path)
        bucket, name = self._settings.bucket, self._object_key(key)

        def create() -> None:
            if path.stat().st_size > self._settings.part_bytes:
                upload_parts(self._client, bucket, name, path, self._settings.part_bytes)
                return
            with path.open("rb") as body:
                self._client.put_object(Bucket=bucket, Key=name, Body=body, IfNoneMatch=ABSENT)

        return self._create(key, digest, create)

    def put(self, key: str, data: bytes) -> None:
        """Create or overwrite an object."""
        name = self._object_key(check_overwritable(key))
        with self._calling("put", key):
            self._client.put_object(Bucket=self._settings.bucket, Key=name, Body=data)

    def exists(self, key: str) -> bool:
        """Return True when there is an object under this key."""
        # HEAD answers have no body: they cannot say whether key, bucket or account is wrong.
        name = self._object_key(key)
        with self._calling("list", key):
            page = self._client.list_objects_v2(
                Bucket=self._settings.bucket, Prefix=name, MaxKeys=1
            )
        return any(found["Key"] == name for found in page.get("Contents", []))

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
        """Yield the objects whose key starts with `prefix` and sorts after `start_after`."""
        root = f"{self._settings.prefix}/" if self._settings.prefix else ""
        pages = self._pages(root + check_prefix(prefix), root + start_after if start_after else "")
        with self._calling("list", prefix):
            for page in pages:
                for found in page.get("Contents", []):
                    key = found["Key"].removeprefix(root)
                    if key and not key.endswith("/"):
                        yield Entry(key, found["Size"], found["ETag"].strip('"'))

    def _pages(self, prefix: str, start_after: str) -> Iterator["ListObjectsV2OutputTypeDef"]:
        """Yield a small page, then full ones."""
        ask = partial(
            self._client.list_objects_v2,
            Bucket=self._settings.bucket,
            Prefix=prefix,
            StartAfter=start_after,
        )
        page = ask(MaxKeys=FIRST_PAGE)
        yield page
        while page.get("IsTruncated"):
            page = ask(ContinuationToken=page["NextContinuationToken"])
            yield page

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with contextlib.suppress(NotFound), self._calling("delete", key):
            self._client.delete_object(Bucket=self._settings.bucket, Key=self._object_key(key))

    def _object_key(self, key: str) -> str:
        check_key(key)
        return f"{self._settings.prefix}/{key}" if self._settings.prefix else key

    def _calling(
        self, operation: str, key: str, *, conditional: bool = False
    ) -> AbstractContextManager[None]:
        parts = (self._settings.bucket, self._settings.prefix, key)
        uri = f"s3://{'/'.join(part for part in parts if part)}"
        return translated(Call(operation, self._settings.bucket, uri, self._endpoint, conditional))

    def _create(self, key: str, digest: str, create: Callable[[], None]) -> Outcome:
        for attempt in range(CONCURRENT_ATTEMPTS):
            with self._calling("put", key, conditional=True):
                try:
                    create()
                except ClientError as error:
                    if error_code(error) in CONCURRENT_CODES:
                        self._pause(0.1 * 2**attempt)
                        continue
                    if error_code(error) not in PRECONDITION_CODES:
                        raise
                else:
                    return Written(digest)
            with self.open_stream(key) as stream:
                return adopt(self.uri(key), offered=digest, present=digest_of_stream(stream))
        raise StoreUnreachable(self._endpoint, f"other writers of {key} keep conflicting (409)")


def _connect(settings: S3Settings) -> "S3Client":
    config = Config(
        connect_timeout=settings.connect_timeout_seconds,
        read_timeout=settings.read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": settings.max_attempts},
        # Many S3-compatible stores reject the CRC headers that newer boto3 sends by default.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3={"addressing_style": "path" if settings.endpoint else "auto"},
        # A whole one: the client would put its own together anew for every request.
        user_agent="trimtab",
    )
    return boto3.client(
        "s3",
        endpoint_url=settings.endpoint,
        region_name=settings.region,
        aws_access_key_id=settings.access_key_id,
        aws_secret_access_key=settings.secret_access_key,
        verify=str(settings.ca_bundle) if settings.ca_bundle else None,
        config=config,
    )
