"""Reads many small objects of the server: several at a time, in the order of their keys."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from trimtab_stages.contract.base import NewerSchemaError, StoredModel
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.store import Store

READERS = 8
AHEAD = 16
"""Objects in memory at once; one of captured rows has some megabytes."""

Format = TypeVar("Format", bound=StoredModel)


def read_objects(store: Store, keys: Sequence[str], wanted: type[Format]) -> Iterator[Format]:
    """Yield the stored objects, in the order of `keys`.

    Raises:
        StageError: UnreadableFile, naming the object.
        StoreError: the store failed.
    """
    with ThreadPoolExecutor(READERS) as pool:
        for start in range(0, len(keys), AHEAD):
            part = keys[start : start + AHEAD]
            for key, data in zip(part, pool.map(store.get, part), strict=True):
                yield _parse(data, wanted, store.uri(key))


def _parse(data: bytes, wanted: type[Format], uri: str) -> Format:
    try:
        return wanted.from_bytes(data)
    except (ValueError, NewerSchemaError) as error:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"{uri} cannot be read: {error}. Restore the object, or move it away; then set the"
            " annotation `trimtab.dev/refresh-requested` to a new value.",
        ) from error
