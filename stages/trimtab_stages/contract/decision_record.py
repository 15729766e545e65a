"""Decision records: 64 bytes per answered row, so that any prediction can be traced."""

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass

MAGIC = b"TTDR\x01\x00\x00\x00"
"""Header of a block: format and version, 8 bytes."""

RECORD = struct.Struct("<16sIiqq8s8sf4x")
"""Little-endian: id hash, row, decision, event ns, received ns, version, revision, score."""

NO_DECISION = -1


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """One answered row."""

    id_hash: bytes
    """`hash_id` of the request's inference id, 16 bytes."""
    row: int
    """Row in the request."""
    decision: int
    """Decided class index, -1 where the version has no threshold."""
    event_ns: int
    """Event time, nanoseconds since 1970, UTC."""
    received_ns: int
    """Arrival time, nanoseconds since 1970, UTC."""
    version: bytes
    """First 8 bytes of the version's digest."""
    revision: bytes
    """First 8 bytes of the serving plan's revision."""
    score: float
    """First score of the row, float32."""


def hash_id(inference_id: str) -> bytes:
    """Return the 16 bytes that stand for an inference id (BLAKE2b-128)."""
    return hashlib.blake2b(inference_id.encode(), digest_size=16).digest()


def digest_prefix(digest: str) -> bytes:
    """Return the first 8 bytes of a `sha256:` digest."""
    return bytes.fromhex(digest.removeprefix("sha256:")[:16])


def pack(record: DecisionRecord) -> bytes:
    """Return the 64 bytes of a record."""
    return RECORD.pack(
        record.id_hash,
        record.row,
        record.decision,
        record.event_ns,
        record.received_ns,
        record.version,
        record.revision,
        record.score,
    )


def unpack_block(block: bytes) -> Iterator[DecisionRecord]:
    """Yield the records of a stored block.

    Raises:
        ValueError: the block has another format or a torn record.
    """
    if block[: len(MAGIC)] != MAGIC:
        raise ValueError("not a block of decision records of a version that this program reads")
    body = memoryview(block)[len(MAGIC) :]
    if len(body) % RECORD.size:
        raise ValueError(f"{len(body)} bytes are no whole number of {RECORD.size}-byte records")
    for fields in RECORD.iter_unpack(body):
        yield DecisionRecord(*fields)
