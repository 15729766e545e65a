"""Reads the decision records and labels of one window, of a very large one a sample.

Rows are sampled by a hash of their event time, so that rows of one event time stay together: one
that was sent again is found in the sample as well.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from trimtab_operator.storage.served import ROW_KEY, RowKeys, read_arrived_labels
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.drift.records import RecordArrays, join_records, read_records

Read = Callable[[str], bytes]
"""Returns the bytes of a key; raises `StoreError`."""

MOST_ROWS = 500_000
"""Rows that are looked at; the memory that they take bounds the monitor's."""

MOST_HALVINGS = 40
MICROSECOND_NS = 1000
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
"""2^64 over the golden ratio: multiplying spreads neighbours evenly (Knuth, vol. 3, 6.4)."""
_BITS = 64


@dataclass(frozen=True, slots=True)
class Span:
    """Which rows are of a window.

    Attributes:
        version: digest; only rows that it answered.
        start: begin of the window.
        end: its end, exclusive.
        closed_ns: rows that arrived later do not count; None takes all.
    """

    version: str
    start: datetime
    end: datetime
    closed_ns: int | None


@dataclass(frozen=True, slots=True)
class WindowRecords:
    """Decision records of a window.

    Attributes:
        rows: the records, in the order of their keys.
        share: share of the rows that they are.
    """

    rows: RecordArrays
    share: float


def read_window_records(
    read: Read, span: Span, keys: Sequence[str], most_rows: int = MOST_ROWS
) -> WindowRecords:
    """Return the decision records of a window, or half, a quarter, ... of them.

    Which ones is the same in whatever portions they are stored.
    """
    parts: list[RecordArrays] = []
    halvings = 0
    for key in sorted(keys):
        found = _of_span(read_records([read(key)], span.version), span)
        parts.append(found.take(_is_sampled(found.event_ns, halvings)))
        while sum(map(len, parts)) > most_rows and halvings < MOST_HALVINGS:
            halvings += 1
            parts = [part.take(_is_sampled(part.event_ns, halvings)) for part in parts]
    return WindowRecords(join_records(parts), 0.5**halvings)


def read_window_labels(
    read: Read, records: RecordArrays, keys: Sequence[str]
) -> dict[str, FeedbackBatch]:
    """Return what batches of labels say of these rows, by key, in order of the keys.

    Batches that say nothing of them are left out.
    """
    known = _row_keys(records)
    found = {}
    for key in sorted(keys):
        given = read_arrived_labels(read(key))
        chosen = np.flatnonzero(_are_among(given.rows, known)).tolist()
        if chosen:
            labels = [given.batch.labels[place] for place in chosen]
            found[key] = given.batch.model_copy(update={"labels": labels})
    return found


def _of_span(records: RecordArrays, span: Span) -> RecordArrays:
    inside = records.within(_nanoseconds(span.start), _nanoseconds(span.end))
    if span.closed_ns is None:
        return inside
    return inside.take(inside.received_ns <= span.closed_ns)


def _is_sampled(event_ns: NDArray[np.int64], halvings: int) -> NDArray[np.bool_]:
    if not halvings:
        return np.ones(len(event_ns), np.bool_)
    hashed = event_ns.astype(np.uint64) * _GOLDEN
    return np.asarray(hashed >> np.uint64(_BITS - halvings) == 0)


def _row_keys(records: RecordArrays) -> RowKeys:
    keys = np.empty(len(records), ROW_KEY)
    keys["id"], keys["row"] = records.id_hash, records.row
    return np.unique(keys.view("S20"))


def _are_among(rows: RowKeys, known: RowKeys) -> NDArray[np.bool_]:
    """Return which rows are among sorted ones, without sorting them again."""
    if not len(known):
        return np.zeros(len(rows), np.bool_)
    places = np.minimum(known.searchsorted(rows), len(known) - 1)
    return np.asarray(known[places] == rows)


def _nanoseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1e6) * MICROSECOND_NS
