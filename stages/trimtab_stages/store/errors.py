"""What can go wrong with a store, each as one type.

A message always names the object, the cause and the next step, so that it can be shown to a person
unchanged. `reason` is CamelCase and fits a Kubernetes condition.
"""

# ruff: noqa: N818 - an error is named by the fault it reports; the name becomes a condition reason

from typing import ClassVar


class StoreError(Exception):
    """A store could not do what was asked.

    Attributes:
        reason: CamelCase word for a condition.
        retryable: True when the same call may succeed later without anybody changing anything.
    """

    retryable: ClassVar[bool] = False

    @property
    def reason(self) -> str:
        """CamelCase word for a condition: the name of the type."""
        return type(self).__name__

    @property
    def message(self) -> str:
        """Cause, object and next step, for a person."""
        return str(self)


class NotFound(StoreError):
    """There is no object under this key."""

    def __init__(self, uri: str) -> None:
        super().__init__(
            f"{uri} does not exist; check the key, and whether the run that writes it has finished."
        )
        self.uri = uri


class ArtifactConflict(StoreError):
    """A key that is written once already holds other bytes."""

    def __init__(self, uri: str, *, offered: str, present: str) -> None:
        super().__init__(
            f"{uri} already holds {present}, this writer has {offered};"
            " a written object never changes: find out which writer is right,"
            " or write under a new key."
        )
        self.uri = uri
        self.offered = offered
        self.present = present


class StoreUnreachable(StoreError):
    """No answer from the endpoint, or an answer that it is overloaded."""

    retryable: ClassVar[bool] = True

    def __init__(self, endpoint: str, cause: str) -> None:
        super().__init__(
            f"object store {endpoint} cannot be reached: {cause};"
            " correct `endpoint` in the storage Secret, or see that the store runs and that the"
            " network lets this pod through."
        )
        self.endpoint = endpoint


class BucketMissing(StoreError):
    """The bucket (or the directory of a local store) does not exist."""

    def __init__(self, bucket: str, endpoint: str) -> None:
        super().__init__(
            f"bucket {bucket!r} does not exist at {endpoint};"
            " create it, or correct `bucket` in the storage Secret."
        )
        self.bucket = bucket


class AccessDenied(StoreError):
    """The credentials are valid but do not allow this operation."""

    def __init__(self, operation: str, uri: str) -> None:
        super().__init__(
            f"{operation} on {uri} is not allowed for these credentials;"
            " grant it in the bucket's policy, or use the account that owns the bucket."
        )
        self.uri = uri


class WrongCredentials(StoreError):
    """The store does not accept the credentials themselves."""

    def __init__(self, endpoint: str, cause: str) -> None:
        super().__init__(
            f"object store {endpoint} refuses the credentials: {cause};"
            " correct `accessKeyId` and `secretAccessKey` in the storage Secret."
        )
        self.endpoint = endpoint


class ClockSkewed(StoreError):
    """This machine's clock is too far from the store's for a signature to be accepted."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(
            f"object store {endpoint} refuses the request's time: the clocks differ too much;"
            " synchronise this node's clock (NTP)."
        )
        self.endpoint = endpoint


class ConditionalWriteUnsupported(StoreError):
    """The store overwrites an object although `If-None-Match: *` was sent."""

    def __init__(self, endpoint: str) -> None:
        super().__init__(
            f"object store {endpoint} does not honour conditional writes (If-None-Match: *);"
            " two writers could overwrite each other, so it is refused:"
            " use a store that supports them (AWS S3, versitygw, MinIO, Ceph 19 or newer)."
        )
        self.endpoint = endpoint


class InvalidKey(StoreError):
    """A key that not every store can hold."""

    def __init__(self, key: str, cause: str) -> None:
        super().__init__(f"object key {key!r} is not usable: {cause}.")
        self.key = key


class InvalidStorageSettings(StoreError):
    """The mounted storage directory does not describe a store."""

    def __init__(self, directory: str, cause: str) -> None:
        super().__init__(f"storage settings in {directory}: {cause}; correct the storage Secret.")


class StoreFailure(StoreError):
    """The store answered with an error that has no type of its own."""

    def __init__(self, operation: str, uri: str, cause: str) -> None:
        super().__init__(f"{operation} on {uri} failed: {cause}; see the object store's own log.")
        self.uri = uri
