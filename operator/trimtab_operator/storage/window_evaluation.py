"""Evaluates one window from the keys of its stored objects.

The monitor and a replay come through here, so that a replay of a report sees the same inputs.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

import numpy as np

from trimtab_operator.storage.evaluations import Judged
from trimtab_operator.storage.window_records import (
    Read,
    Span,
    read_window_labels,
    read_window_records,
)
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.monitoring import Evaluation, MonitorSpec
from trimtab_stages.contract.pane import NumericCells, Pane
from trimtab_stages.drift.evaluate import WindowInputs, evaluate
from trimtab_stages.drift.merge import MergedPanes, NumericSums, merge
from trimtab_stages.drift.records import join, read_labels

logger = logging.getLogger(__name__)


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


def evaluate_window(
    read: Read,
    window: WindowOf,
    judged: Judged,
    keys: WindowKeys,
    count_lost: Callable[[WindowKeys], int],
) -> Evaluation:
    """Return the report of a window.

    Args:
        read: returns the bytes of a key.
        window: whose window it is.
        judged: version whose rows are judged, and what with.
        keys: where to look: panes of the window's buckets and labels that may be of its rows.
        count_lost: how many objects are missing before or between those that belong to the window,
            and counted in no window before.

    Raises:
        StoreError: an object cannot be read.
        ValueError: panes count in other cells than the reference.
    """
    span = Span(judged.version, window.start, window.end, window.closed_ns)
    records = read_window_records(read, span, keys.records)
    feedback = read_window_labels(read, records.rows, keys.feedback)
    panes = merge_panes(read, keys.panes, window.closed_ns)
    used = WindowKeys(panes.keys, sorted(keys.records), sorted(feedback))
    inputs = WindowInputs(
        monitor=window.monitor,
        model=window.model,
        version=judged.version,
        reference=judged.reference,
        reference_digest=judged.reference_digest,
        classes=judged.classes,
        quality_reference=judged.quality,
        tested=judged.tested,
        spec=window.policy,
        start=window.start,
        end=window.end,
        panes=panes.sums,
        buckets=panes.buckets,
        records=records.rows,
        labelled=join(records.rows, read_labels(feedback.values(), judged.classes)),
        lost=count_lost(used) + panes.unreadable,
        pane_keys=used.panes,
        record_keys=used.records,
        feedback_keys=used.feedback,
    )
    known = {"closed_ns": window.closed_ns, "record_share": records.share}
    return evaluate(inputs).model_copy(update=known)


@dataclass(frozen=True, slots=True)
class WindowPanes:
    """Panes of a window.

    Attributes:
        sums: what they say together.
        buckets: what they say by event-time bucket.
        keys: which ones they are, sorted.
        unreadable: objects that have another format.
    """

    sums: MergedPanes
    buckets: list[Pane]
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
    return WindowPanes(merge(merged), merged, taken, unreadable)


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
            "lost_rows": merged.lost_rows,
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
