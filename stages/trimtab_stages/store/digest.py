"""Digests of files and streams, in the notation of `contract.base`: `sha256:<64 hex digits>`."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20


def digest_of_stream(stream: BinaryIO) -> str:
    """Return the digest of what is left in a stream, read in chunks of 1 MiB."""
    hasher = hashlib.sha256()
    for chunk in chunks_of(stream):
        hasher.update(chunk)
    return f"sha256:{hasher.hexdigest()}"


def digest_of_file(path: Path) -> str:
    """Return the digest of a file's bytes."""
    with path.open("rb") as stream:
        return digest_of_stream(stream)


def copy_with_digest(source: BinaryIO, target: BinaryIO) -> str:
    """Copy what is left in `source` to `target` and return its digest."""
    hasher = hashlib.sha256()
    for chunk in chunks_of(source):
        hasher.update(chunk)
        target.write(chunk)
    return f"sha256:{hasher.hexdigest()}"


def chunks_of(stream: BinaryIO) -> Iterator[bytes]:
    """Yield a stream in chunks of at most 1 MiB."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk
