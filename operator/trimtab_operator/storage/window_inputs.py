"""Builds what the evaluation of one window looks at, from the keys of stored objects.

The monitor and a replay come through here, so that a replay of a report sees the same inputs.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np

from trimtab_operator.storage.evaluations import Judged
from trimtab_operator.storage.served import ROW_KEY, RowKeys, read_arrived_labels
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.contract.monitoring import MonitorSpec
from trimtab_stages.contract.pane import NumericCells, Pane
from trimtab_stages.drift.evaluate import WindowInputs
from trimtab_stages.drift.merge import MergedPanes, NumericSums, merge
from trimtab_stages.drift.records import RecordArrays, join, read_labels, read_records

logger = logging.getLogger(__name__)

Read = Callable[[str], bytes]
"""Returns the bytes of a key; raises `StoreError`."""

MICROSECOND_NS = 1000


@dataclass(frozen=True, slots=True)
class WindowOf:
    """Whose window it is.

    Attributes:
        monitor: name of the DriftMonitor.
        model: name of the Model.
        policy: windows and signals.
        start: begin of the window.
        end: its end, exclusive.
        closed_ns: rows, and panes that began to arrive, later do not count; None takes all.
    """

    monitor: str
    model: str
    policy: MonitorSpec
    start: datetime
    end: datetime
    closed_ns: int | None


@dataclass(frozen=True, slots=True)
class WindowKeys:
    """What belongs to a window.

    Attributes:
        panes: keys of its panes.
        records: keys of blocks with its decision records.
        feedback: keys of labels of its rows.
    """

    panes: Sequence[str]
    records: Sequence[str]
    feedback: Sequence[str]


def build_inputs(
    read: Read,
    window: WindowOf,
    judged: Judged,
    keys: WindowKeys,
    count_lost: Callable[[WindowKeys], int],
) -> WindowInputs:
    """Return the inputs of the window's evaluation.

    Args:
        read: returns the bytes of a key.
        window: whose window it is.
        judged: version whose rows are judged, and what with.
        keys: where to look: panes of the window's buckets and labels that may be of its rows.
        count_lost: how many objects are missing between those that belong to the window.

    Raises:
        StoreError: an object cannot be read.
        ValueError: panes count in other cells than the reference.
    """
    records = read_window_records(read, window, judged.version, keys.records)
    feedback = _labels_of(read, _rows_of(records), keys.feedback)
    panes = merge_panes(read, keys.panes, window.closed_ns)
    used = WindowKeys(panes.keys, sorted(keys.records), sorted(feedback))
    return WindowInputs(
        monitor=window.monitor,
        model=window.model,
        version=judged.version,
        reference=judged.reference,
        reference_digest=judged.reference_digest,
        classes=judged.classes,
        quality_reference=judged.quality,
        spec=window.policy,
        start=window.start,
        end=window.end,
        panes=panes.sums,
        records=records,
        labelled=join(records, read_labels(feedback.values(), judged.classes)),
        lost=count_lost(used) + panes.unreadable,
        pane_keys=used.panes,
        record_keys=used.records,
        feedback_keys=used.feedback,
    )


def read_window_records(
    read: Read, window: WindowOf, version: str, keys: Sequence[str]
) -> RecordArrays:
    """Return the decision records of one version in the window, those that came in time."""
    found = read_records((read(key) for key in sorted(keys)), version)
    inside = found.within(_nanoseconds(window.start), _nanoseconds(window.end))
    if window.closed_ns is None:
        return inside
    return inside.take(inside.received_ns <= window.closed_ns)


@dataclass(frozen=True, slots=True)
class WindowPanes:
    """Panes of a window.

    Attributes:
        sums: what they say together.
        keys: which ones they are, sorted.
        unreadable: objects that have another format.
    """

    sums: MergedPanes
    keys: list[str]
    unreadable: int


def merge_panes(read: Read, keys: Sequence[str], closed_ns: int | None) -> WindowPanes:
    """Return the sums of panes; those of one bucket first, so that few are held at a time."""
    taken: list[str] = []
    merged: list[Pane] = []
    unreadable = 0
    for _, bucket in groupby(sorted(keys), key=lambda key: key.rpartition("/")[0]):
        found = [(key, _read_pane(read, key)) for key in bucket]
        unreadable += sum(pane is None for _, pane in found)
        counted = [
            (key, pane) for key, pane in found if pane is not None and _counts(pane, closed_ns)
        ]
        if counted:
            taken += [key for key, _ in counted]
            merged.append(_merge_bucket([pane for _, pane in counted]))
    return WindowPanes(merge(merged), taken, unreadable)


def _read_pane(read: Read, key: str) -> Pane | None:
    data = read(key)
    try:
        return Pane.from_bytes(data)
    except (ValueError, NewerSchemaError) as error:
        logger.warning("pane not readable", extra={"key": key, "cause": str(error)})
        return None


def _counts(pane: Pane, closed_ns: int | None) -> bool:
    begun = pane.first_received_ns
    return not pane.shadow and (closed_ns is None or begun is None or begun <= closed_ns)


def _merge_bucket(panes: Sequence[Pane]) -> Pane:
    merged = merge(panes)
    return panes[0].model_copy(
        update={
            "rows": merged.rows,
            "numeric": {name: _cells(sums) for name, sums in merged.numeric.items()},
            "categorical": {name: dict(counts) for name, counts in merged.categorical.items()},
            "score_counts": merged.score_counts.tolist(),
            "score_sums": merged.score_sums.tolist(),
            "decisions": {str(index): count for index, count in merged.decisions.items()},
            "first_event_ns": merged.first_event_ns,
            "last_event_ns": merged.last_event_ns,
        }
    )


def _cells(sums: NumericSums) -> NumericCells:
    return NumericCells(
        counts=sums.counts.tolist(),
        missing=sums.missing,
        total=sums.total,
        squares=sums.squares,
        min=None if np.isnan(sums.min) else sums.min,
        max=None if np.isnan(sums.max) else sums.max,
    )


def _rows_of(records: RecordArrays) -> RowKeys:
    keys = np.empty(len(records), ROW_KEY)
    keys["id"], keys["row"] = records.id_hash, records.row
    return keys.view("S20")


def _labels_of(read: Read, rows: RowKeys, keys: Sequence[str]) -> dict[str, FeedbackBatch]:
    """Return the batches that say something of these rows, by key, in order of the keys."""
    found = {}
    for key in sorted(keys):
        labels = read_arrived_labels(read(key))
        if np.isin(labels.rows, rows).any():
            found[key] = labels.batch
    return found


def _nanoseconds(instant: datetime) -> int:
    return round(instant.timestamp() * 1e6) * MICROSECOND_NS
