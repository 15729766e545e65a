"""Decision records as arrays, and the labels that belong to them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.decision_record import (
    MAGIC,
    NO_DECISION,
    RECORD,
    digest_prefix,
    hash_id,
)
from trimtab_stages.contract.feedback import FeedbackBatch

Integers = npt.NDArray[np.int64]

_STORED = np.dtype(
    {
        "names": ["id", "row", "decision", "event", "received", "version", "score"],
        "formats": ["V16", "<u4", "<i4", "<i8", "<i8", "V8", "<f4"],
        "offsets": [0, 16, 20, 24, 32, 40, 56],
        "itemsize": RECORD.size,
    }
)
"""`contract.decision_record.RECORD` as a NumPy structure."""


@dataclass(frozen=True, slots=True)
class RecordArrays:
    """Answered rows, one entry each, in the order in which they were read.

    Attributes:
        event_ns: event time, nanoseconds since 1970, UTC, int64 [n].
        received_ns: arrival, likewise, int64 [n].
        decision: decided class index, `NO_DECISION` without one, int64 [n].
        score: first score, float32 [n].
        id_hash: `hash_id` of the inference id, raw bytes, V16 [n].
        row: row in the request, int64 [n].
    """

    event_ns: Integers
    received_ns: Integers
    decision: Integers
    score: npt.NDArray[np.float32]
    id_hash: npt.NDArray[np.void]
    row: Integers

    def __len__(self) -> int:
        return len(self.event_ns)

    def take(self, chosen: npt.NDArray[np.bool_] | npt.NDArray[np.intp]) -> Self:
        """Return some records, by mask or by index."""
        return type(self)(*(getattr(self, field.name)[chosen] for field in fields(self)))

    def within(self, start_ns: int, end_ns: int) -> Self:
        """Return the records with `start_ns <= event time < end_ns`."""
        return self.take((self.event_ns >= start_ns) & (self.event_ns < end_ns))


@dataclass(frozen=True, slots=True)
class LabelArrays:
    """The truth about rows, one entry per (inference id, row): the last one told.

    Attributes:
        truth: true class index, int64 [m].
        event_ns: when it became true, nanoseconds since 1970, UTC; the arrival of its batch
            where the client said nothing; int64 [m].
        id_hash: `hash_id` of the inference id, V16 [m].
        row: row in the request, int64 [m].
        unknown: labels left out because their class is none of the model's.
    """

    truth: Integers
    event_ns: Integers
    id_hash: npt.NDArray[np.void]
    row: Integers
    unknown: int


@dataclass(frozen=True, slots=True)
class LabelledRows:
    """Answered rows whose truth is known, in order of event time.

    Attributes:
        decided: decided class index, int64 [n].
        truth: true class index, int64 [n].
        score: first score, float32 [n]; None where nobody asks how sure decisions were.
    """

    decided: Integers
    truth: Integers
    score: npt.NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.truth)


def read_records(blocks: Iterable[bytes], version: str | None = None) -> RecordArrays:
    """Return the records in stored blocks.

    Args:
        blocks: content of the stored objects.
        version: digest; only rows that this version answered. Default: all.

    Raises:
        ValueError: a block has another format or a torn record.
    """
    parts = [_body(block) for block in blocks]
    stored = np.concatenate([np.zeros(0, dtype=_STORED), *parts])
    if version is not None:
        prefix = np.frombuffer(digest_prefix(version), dtype="V8")[0]
        stored = stored[stored["version"] == prefix]
    return RecordArrays(
        event_ns=stored["event"].astype(np.int64),
        received_ns=stored["received"].astype(np.int64),
        decision=stored["decision"].astype(np.int64),
        score=stored["score"].astype(np.float32),
        id_hash=np.ascontiguousarray(stored["id"]),
        row=stored["row"].astype(np.int64),
    )


def join_records(parts: Sequence[RecordArrays]) -> RecordArrays:
    """Return the records of all parts, one after the other."""
    if not parts:
        return read_records([])
    names = [field.name for field in fields(RecordArrays)]
    return RecordArrays(*(np.concatenate([getattr(p, name) for p in parts]) for name in names))


def read_labels(batches: Iterable[FeedbackBatch], classes: Sequence[str]) -> LabelArrays:
    """Return the last label of every row.

    Batches count in order of arrival, labels in order of position. Batches of the same arrival
    keep the order in which they are given, so give them in order of their keys.

    Args:
        batches: stored feedback.
        classes: class names in index order; labels of another name are counted and left out.
    """
    index = {name: position for position, name in enumerate(classes)}
    last: dict[tuple[bytes, int], tuple[int, int]] = {}
    unknown = 0
    for batch in sorted(batches, key=lambda batch: batch.received_ns):
        for label in batch.labels:
            truth = index.get(label.label)
            if truth is None:
                unknown += 1
                continue
            told = batch.received_ns if label.event_time_ns is None else label.event_time_ns
            last[hash_id(label.id), label.row] = (truth, told)
    return LabelArrays(
        truth=np.array([truth for truth, _ in last.values()], dtype=np.int64),
        event_ns=np.array([told for _, told in last.values()], dtype=np.int64),
        id_hash=np.frombuffer(b"".join(hashed for hashed, _ in last), dtype="V16"),
        row=np.array([row for _, row in last], dtype=np.int64),
        unknown=unknown,
    )


def join(records: RecordArrays, labels: LabelArrays) -> LabelledRows:
    """Return the answered rows that have a decision and a label.

    A row that was answered twice under the same id (a client's retry) counts once, as it was
    answered first.
    """
    decided = records.take(records.decision != NO_DECISION)
    order = np.lexsort((decided.row, decided.received_ns, decided.event_ns))
    decided = decided.take(order)
    group = _group(
        np.concatenate([decided.id_hash, labels.id_hash]),
        np.concatenate([decided.row, labels.row]),
    )
    of_record, of_label = group[: len(decided)], group[len(decided) :]
    truth = np.full(len(group), NO_DECISION, dtype=np.int64)
    truth[of_label] = labels.truth
    first = np.zeros(len(decided), dtype=np.bool_)
    first[np.unique(of_record, return_index=True)[1]] = True
    chosen = first & (truth[of_record] != NO_DECISION)
    known = decided.take(chosen)
    return LabelledRows(known.decision, truth[of_record][chosen], known.score)


def _body(block: bytes) -> npt.NDArray[np.void]:
    if block[: len(MAGIC)] != MAGIC:
        raise ValueError("not a block of decision records of a version that this program reads")
    size = len(block) - len(MAGIC)
    if size % RECORD.size:
        raise ValueError(f"{size} bytes are no whole number of {RECORD.size}-byte records")
    return np.frombuffer(block, dtype=_STORED, offset=len(MAGIC))


def _group(id_hash: npt.NDArray[np.void], row: Integers) -> Integers:
    """Number the distinct (id, row) pairs, 0 and up, int64 [n]."""
    halves = np.ascontiguousarray(id_hash).view(np.uint64).reshape(-1, 2)
    order = np.lexsort((row, halves[:, 0], halves[:, 1]))
    sorted_halves, sorted_row = halves[order], row[order]
    starts = np.ones(len(row), dtype=np.int64)
    starts[1:] = (sorted_halves[1:] != sorted_halves[:-1]).any(axis=1) | (
        sorted_row[1:] != sorted_row[:-1]
    )
    group = np.empty(len(row), dtype=np.int64)
    group[order] = np.cumsum(starts) - 1
    return group
