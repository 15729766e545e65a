"""Reads what model servers leave behind: when rows and labels arrived, and which rows they are."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.decision_record import MAGIC, RECORD, hash_id
from trimtab_stages.contract.feedback import FeedbackBatch

RECORDS = np.dtype(
    {
        "names": ["event", "received", "version"],
        "formats": ["<i8", "<i8", "<u8"],
        "offsets": [24, 32, 40],
        "itemsize": RECORD.size,
    }
)
"""The part of `contract.decision_record.RECORD` that says who answered and when."""

ROW_KEY = np.dtype([("id", "V16"), ("row", "<u4")])
"""Which row: `hash_id` of the inference id, and its place in the request."""

Times = NDArray[np.int64]
RowKeys = NDArray[np.bytes_]


@dataclass(frozen=True, slots=True)
class ArrivedRows:
    """Rows of one block of decision records, [n].

    Attributes:
        versions: first 8 bytes of the version that answered each, little-endian.
        event_ns: event times, int64, nanoseconds since 1970, UTC.
        received_ns: arrivals, likewise.
    """

    versions: NDArray[np.uint64]
    event_ns: Times
    received_ns: Times


@dataclass(frozen=True, slots=True)
class ArrivedLabels:
    """One batch of labels.

    Attributes:
        batch: as it was stored, n labels.
        event_ns: when they became true, int64 [m]: of those that say so.
    """

    batch: FeedbackBatch
    event_ns: Times

    @property
    def rows(self) -> RowKeys:
        """Which rows the labels are of, 20 bytes each, [n]."""
        keys = (hash_id(one.id) + one.row.to_bytes(4, "little") for one in self.batch.labels)
        return np.frombuffer(b"".join(keys), "S20")


def read_arrived_rows(block: bytes) -> ArrivedRows:
    """Return the rows of a stored block.

    Raises:
        ValueError: the block has another format or a torn record.
    """
    if block[: len(MAGIC)] != MAGIC:
        raise ValueError("not a block of decision records of a version that this program reads")
    if (len(block) - len(MAGIC)) % RECORD.size:
        raise ValueError(f"{len(block)} bytes are no whole number of {RECORD.size}-byte records")
    records = np.frombuffer(block, RECORDS, offset=len(MAGIC))
    return ArrivedRows(
        versions=records["version"].astype("<u8"),
        event_ns=records["event"].astype(np.int64),
        received_ns=records["received"].astype(np.int64),
    )


def read_arrived_labels(data: bytes) -> ArrivedLabels:
    """Return the labels of a stored batch.

    Raises:
        ValueError: the object has another format.
        NewerSchemaError: a newer Trimtab wrote it.
    """
    batch = FeedbackBatch.from_bytes(data)
    told = [one.event_time_ns for one in batch.labels if one.event_time_ns is not None]
    return ArrivedLabels(batch, np.array(told, np.int64))
