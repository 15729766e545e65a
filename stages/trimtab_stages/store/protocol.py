"""The protocol that every store implements, and its values."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from trimtab_stages.store.errors import ArtifactConflict


@dataclass(frozen=True, slots=True)
class Written:
    """This call created the object.

    Attributes:
        digest: `sha256:<hex>` of the object's bytes.
    """

    digest: str


@dataclass(frozen=True, slots=True)
class AlreadyThere:
    """The object existed with the same bytes: an earlier attempt's work is adopted.

    Attributes:
        digest: `sha256:<hex>` of the object's bytes.
    """

    digest: str


Outcome = Written | AlreadyThere


def adopt(uri: str, *, offered: str, present: str) -> AlreadyThere:
    """Compare the digests of a second writer's bytes and of those that are there.

    Raises:
        ArtifactConflict: they differ.
    """
    if offered != present:
        raise ArtifactConflict(uri, offered=offered, present=present)
    return AlreadyThere(present)


@dataclass(frozen=True, slots=True)
class Entry:
    """One object in a listing.

    Attributes:
        key: key relative to the store's root.
        size: length in bytes.
        version: changes whenever the bytes change (S3: the ETag); opaque.
    """

    key: str
    size: int
    version: str


class Store(Protocol):
    """A flat map from keys to bytes.

    Keys are relative, `/`-separated and follow `check_key`. Every method raises a
    `StoreError`; nothing of boto3 or of the operating system comes through.
    """

    @property
    def location(self) -> str:
        """Where the store is, for messages: `s3://bucket/prefix at https://...` or a path."""
        ...

    def uri(self, key: str) -> str:
        """Absolute URI of a key: `s3://bucket/prefix/key` or `file:///dir/key`."""
        ...

    def get(self, key: str) -> bytes:
        """Return a whole (small) object; raises `NotFound`."""
        ...

    def get_file(self, key: str, path: Path) -> str:
        """Copy an object to `path` and return `sha256:<hex>` of its bytes; raises `NotFound`.

        `path` appears only when the copy is complete.
        """
        ...

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return at most `length` bytes from `start`; fewer at the end, none behind it."""
        ...

    def open_stream(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object for sequential reading; raises `NotFound`."""
        ...

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        """Create an object, or adopt one with the same bytes; else raise `ArtifactConflict`."""
        ...

    def put_file_if_absent(self, key: str, path: Path) -> Outcome:
        """`put_if_absent` for a file of any size."""
        ...

    def put(self, key: str, data: bytes) -> None:
        """Create or overwrite an object.

        Only for keys that the storage layout allows to change (`probes/`); everything else is
        written once with `put_if_absent`. Raises `InvalidKey` for other keys.
        """
        ...

    def exists(self, key: str) -> bool:
        """True when there is an object under this key."""
        ...

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
        """Yield the objects whose key starts with `prefix` and sorts after `start_after`.

        Order: by the keys' UTF-8 bytes, as S3 defines it.
        """
        ...

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        ...
