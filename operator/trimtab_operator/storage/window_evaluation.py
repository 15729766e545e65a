"""Evaluates one window from the keys of its stored objects.

The monitor and a replay come through here, so that a replay of a report sees the same inputs.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.storage.evaluations import Judged
from trimtab_operator.storage.window_panes import WindowPanes
from trimtab_operator.storage.window_records import (
    Read,
    Span,
    read_window_labels,
    read_window_records,
)
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import Evaluation, FirstWindow, MonitorSpec
from trimtab_stages.drift.evaluate import WindowInputs, evaluate
from trimtab_stages.drift.records import join, read_labels


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
class RowObjects:
    """Where to look for a window's rows.

    Attributes:
        records: keys of blocks with its decision records.
        feedback: keys of labels that may be of its rows.
    """

    records: Sequence[str]
    feedback: Sequence[str]


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
    panes: WindowPanes,
    rows: RowObjects,
    first: Mapping[Metric, FirstWindow],
    count_lost: Callable[[WindowKeys], int],
) -> Evaluation:
    """Return the report of a window.

    Args:
        read: returns the bytes of a key.
        window: whose window it is.
        judged: version whose rows are judged, and what with.
        panes: of the window.
        rows: where its records are, and labels that may be of its rows.
        first: the version's first measured window before this one, by metric.
        count_lost: how many objects are missing before or between those that belong to the window,
            and counted in no window before.

    Raises:
        StoreError: an object cannot be read.
        ValueError: panes count in other cells than the reference.
    """
    span = Span(judged.version, window.start, window.end, window.closed_ns)
    records = read_window_records(read, span, rows.records)
    feedback = read_window_labels(read, records.rows, rows.feedback)
    used = WindowKeys(panes.keys, sorted(rows.records), sorted(feedback))
    inputs = WindowInputs(
        monitor=window.monitor,
        model=window.model,
        version=judged.version,
        reference=judged.reference,
        reference_digest=judged.reference_digest,
        classes=judged.classes,
        tested=judged.tested,
        first=first,
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
    known = {
        "closed_ns": window.closed_ns,
        "record_share": records.share,
    }
    return evaluate(inputs).model_copy(update=known)
