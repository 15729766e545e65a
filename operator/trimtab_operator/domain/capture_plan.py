"""Which captured rows the ingest that is due adds: those up to the newest decided window."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import pairwise

from trimtab_operator.api.dataset import CaptureStatus, Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.domain.identity import ingest_at_work
from trimtab_stages.contract.capture import CapturePlan, TimeRange

MOST_RANGES = 256
"""Bound of `CapturePlan.excluded` and `CaptureStatus.faultWindows`."""


def capture_status(dataset: Dataset, monitors: Iterable[DriftMonitor]) -> CaptureStatus | None:
    """Return what the status says of served traffic; None for a Dataset that takes none in.

    The newest decided window is kept when its decision is long served, and windows with faults
    when their evaluations are long gone, so that every later snapshot knows both. While an ingest
    is at work, what it was told stays.

    Args:
        dataset: the Dataset, with the status before.
        monitors: DriftMonitors of the namespace.
    """
    source = dataset.spec.source.capture
    if source is None:
        return None
    known = dataset.status.capture
    if known is None or known.model != source.model:
        known = CaptureStatus(model=source.model)
    watching = [item for item in monitors if item.spec.model_ref.name == source.model]
    faults = merge_ranges([*known.fault_windows, *_fault_windows(watching)])
    through = newest_decided(watching, known.through)
    if through == known.through or through is None or ingest_at_work(dataset) is not None:
        return known.model_copy(update={"fault_windows": faults})
    return CaptureStatus(
        model=source.model,
        fault_windows=faults,
        through=through,
        excluded=list(_before(faults, through)),
    )


def capture_plan(dataset: Dataset, told: CaptureStatus | None) -> CapturePlan | None:
    """Return the plan of the ingest that is due; None for the file alone."""
    source = dataset.spec.source.capture
    if source is None or told is None or told.through is None:
        return None
    return CapturePlan(
        model=source.model,
        policy=source.policy,
        window_seconds=source.window_seconds,
        through=told.through,
        excluded=told.excluded,
    )


def due_capture(dataset: Dataset, monitors: Iterable[DriftMonitor]) -> CapturePlan | None:
    """Return the plan of the ingest that is due, from the Dataset and the DriftMonitors."""
    return capture_plan(dataset, capture_status(dataset, monitors))


def newest_decided(monitors: Iterable[DriftMonitor], known: datetime | None) -> datetime | None:
    """Return the end of the newest window that a retrain was decided for, `known` included."""
    ends = [
        item.status.pending.window_end
        for item in monitors
        if item.status.pending is not None and not item.spec.suspend
    ]
    return max([*ends, *([known] if known else [])], default=None)


def merge_ranges(ranges: Iterable[TimeRange]) -> list[TimeRange]:
    """Return ranges that neither touch nor overlap, in order, at most `MOST_RANGES`.

    Beyond that the smallest gaps are closed: rather too much is left out than too little.
    """
    merged: list[TimeRange] = []
    for item in sorted(ranges, key=lambda one: (one.start, one.end)):
        if merged and item.start <= merged[-1].end:
            end = max(item.end, merged[-1].end)
            merged[-1] = TimeRange(start=merged[-1].start, end=end)
        else:
            merged.append(item)
    while len(merged) > MOST_RANGES:
        gaps = [later.start - earlier.end for earlier, later in pairwise(merged)]
        place = gaps.index(min(gaps))
        joined = TimeRange(start=merged[place].start, end=merged[place + 1].end)
        merged[place : place + 2] = [joined]
    return merged


def _before(ranges: Iterable[TimeRange], end: datetime) -> Iterator[TimeRange]:
    """Yield the parts of ranges that lie before an instant: what comes later changes no plan."""
    for item in ranges:
        if item.start < end:
            yield TimeRange(start=item.start, end=min(item.end, end))


def _fault_windows(monitors: Iterable[DriftMonitor]) -> list[TimeRange]:
    return [
        TimeRange(start=window.start, end=window.end)
        for monitor in monitors
        for window in monitor.status.evaluations
        if window.faults
    ]
