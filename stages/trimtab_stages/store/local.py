"""A store in a directory: for `trimtab run` on a laptop and for tests without a network."""

import contextlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO

from trimtab_stages.store.digest import copy_with_digest, digest_of_file
from trimtab_stages.store.errors import (
    AccessDenied,
    BucketMissing,
    NotFound,
    StoreError,
    StoreFailure,
)
from trimtab_stages.store.key import check_key, check_overwritable, check_prefix
from trimtab_stages.store.protocol import Entry, Outcome, Written, adopt

PARTIAL_PREFIX = ".trimtab-partial-"
"""Files being written; a listing leaves them out, a crash leaves them behind harmlessly."""


class LocalStore:
    """Keys are files below one directory; write-once is the file system's `link(2)`.

    Raises:
        BucketMissing: the directory does not exist.
    """

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()
        if not self._root.is_dir():
            raise BucketMissing(str(self._root), "this machine")

    @property
    def location(self) -> str:
        """The directory."""
        return str(self._root)

    def uri(self, key: str) -> str:
        """Return the `file://` URI of a key."""
        return self._path(key).as_uri()

    def get(self, key: str) -> bytes:
        """Return a whole object; raises `NotFound`."""
        with self._reading(key) as stream:
            return stream.read()

    def get_file(self, key: str, path: Path) -> str:
        """Copy an object to `path` and return its digest; raises `NotFound`."""
        with self._reading(key) as source, _partial(path.parent) as (partial, target):
            digest = copy_with_digest(source, target)
            target.flush()
            partial.replace(path)
        return digest

    def get_range(self, key: str, start: int, length: int) -> bytes:
        """Return at most `length` bytes from `start`."""
        with self._reading(key) as stream:
            stream.seek(start)
            return stream.read(length)

    def open_stream(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Open an object for sequential reading; raises `NotFound`."""
        return self._reading(key)

    def put_if_absent(self, key: str, data: bytes) -> Outcome:
        """Create an object or adopt one with the same bytes; raises `ArtifactConflict`."""
        return self._create(key, io.BytesIO(data))

    def put_file_if_absent(self, key: str, path: Path) -> Outcome:
        """`put_if_absent` for a file of any size."""
        with path.open("rb") as source:
            return self._create(key, source)

    def put(self, key: str, data: bytes) -> None:
        """Create or overwrite an object, atomically."""
        path = self._path(check_overwritable(key))
        with self._translated("put", key), _partial(path.parent, create=True) as (partial, target):
            target.write(data)
            target.flush()
            partial.replace(path)

    def exists(self, key: str) -> bool:
        """Return True when there is an object under this key."""
        return self._path(key).is_file()

    def list(self, prefix: str = "", start_after: str = "") -> Iterator[Entry]:
        """Yield the objects whose key starts with `prefix` and sorts after `start_after`."""
        folder = self._root / check_prefix(prefix).rpartition("/")[0]
        keys = (path.relative_to(self._root).as_posix() for path in _files_below(folder))
        wanted = [key for key in keys if key.startswith(prefix) and key > start_after]
        for key in sorted(wanted, key=str.encode):
            with contextlib.suppress(FileNotFoundError):
                yield _entry(key, (self._root / key).stat())

    def delete(self, key: str) -> None:
        """Remove an object; one that is not there is no error."""
        with self._translated("delete", key):
            self._path(key).unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root / check_key(key)

    @contextlib.contextmanager
    def _reading(self, key: str) -> Iterator[BinaryIO]:
        with self._translated("get", key):
            opened = self._path(key).open("rb")
        with opened as stream:
            yield stream

    def _create(self, key: str, source: BinaryIO) -> Outcome:
        path = self._path(key)
        with self._translated("put", key), _partial(path.parent, create=True) as (partial, target):
            digest = copy_with_digest(source, target)
            target.flush()
            try:
                os.link(partial, path)
            except FileExistsError:
                return adopt(self.uri(key), offered=digest, present=digest_of_file(path))
        return Written(digest)

    @contextlib.contextmanager
    def _translated(self, operation: str, key: str) -> Iterator[None]:
        try:
            yield
        except StoreError:
            raise
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError) as error:
            if operation == "get":
                raise NotFound(self.uri(key)) from error
            raise StoreFailure(operation, self.uri(key), str(error)) from error
        except PermissionError as error:
            raise AccessDenied(operation, self.uri(key)) from error
        except OSError as error:
            raise StoreFailure(operation, self.uri(key), str(error)) from error


@contextlib.contextmanager
def _partial(folder: Path, *, create: bool = False) -> Iterator[tuple[Path, BinaryIO]]:
    """Open a new file in `folder` that is gone at the end unless it was moved away."""
    try:
        handle, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, dir=folder)
    except FileNotFoundError:
        if not create:
            raise
        # Most objects have neighbours, so their folder is not asked for before.
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=PARTIAL_PREFIX, dir=folder)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            yield path, stream
    finally:
        path.unlink(missing_ok=True)


def _files_below(folder: Path) -> Iterator[Path]:
    for directory, _, names in os.walk(folder):
        yield from (Path(directory, name) for name in names if not name.startswith(PARTIAL_PREFIX))


def _entry(key: str, stat: os.stat_result) -> Entry:
    return Entry(key, stat.st_size, f"{stat.st_mtime_ns:x}-{stat.st_size:x}-{stat.st_ino:x}")
