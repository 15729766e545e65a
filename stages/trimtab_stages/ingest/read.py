"""Finds and reads the source's files."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa

from trimtab_stages.contract.ingest import Source, SourceFormat
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.csv_file import read_csv
from trimtab_stages.ingest.parquet_file import read_parquet
from trimtab_stages.ingest.raw import RawRows, join_files
from trimtab_stages.store import InvalidKey, NotFound, Store


def read_source(store: Store, source: Source, headers: Mapping[str, str], work: Path) -> RawRows:
    """Read columns of all files of the source, in the order of the files' names.

    Args:
        store: where `source.uri` is a key.
        source: file or folder, and its format.
        headers: header in the source of every column to read, by its name.
        work: empty scratch directory; one file at a time is copied into it.

    Raises:
        StageError: SourceMissing, UnreadableFile or MissingColumn.
        StoreError: the store failed.
    """
    wanted = list(headers.values())
    parts = [_read_file(store, source, key, wanted, work) for key in source_keys(store, source)]
    try:
        return join_files(parts).renamed(list(headers))
    except pa.ArrowException as error:
        raise StageError(
            StageReason.UNREADABLE_FILE,
            f"the files below {source.uri} disagree about a column's type: {error};"
            " write them with one schema.",
        ) from error


def source_keys(store: Store, source: Source) -> list[str]:
    """Return the source's keys, sorted: all below a trailing slash, else the one file.

    Raises:
        StageError: SourceMissing.
    """
    if not source.uri.endswith("/"):
        return [source.uri]
    try:
        keys = sorted(entry.key for entry in store.list(source.uri) if entry.size > 0)
    except InvalidKey as error:
        raise StageError(StageReason.SOURCE_MISSING, f"`spec.source.uri`: {error}") from error
    if not keys:
        raise StageError(
            StageReason.SOURCE_MISSING,
            f"no files below {source.uri} in {store.location}; correct `spec.source.uri`, or upload"
            " them.",
        )
    return keys


def _read_file(
    store: Store, source: Source, key: str, wanted: Sequence[str], work: Path
) -> RawRows:
    # The ending decides about decompression, so the copy keeps it.
    copy = work / f"source{''.join(Path(key).suffixes[-2:])}"
    try:
        store.get_file(key, copy)
    except InvalidKey as error:
        raise StageError(StageReason.SOURCE_MISSING, f"`spec.source.uri`: {error}") from error
    except NotFound as error:
        raise StageError(
            StageReason.SOURCE_MISSING,
            f"{key} is not in {store.location}; correct `spec.source.uri`, or upload the file.",
        ) from error
    try:
        if source.format is SourceFormat.PARQUET:
            return read_parquet(copy, key, wanted)
        return read_csv(copy, key, wanted, source.delimiter)
    finally:
        with contextlib.suppress(FileNotFoundError):
            copy.unlink()
