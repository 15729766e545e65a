"""A regular sampling grid, and the segments that no history reaches across."""

from dataclasses import replace

import numpy as np

from trimtab_stages.contract.ingest import Gaps, Grid, IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.event_time import NANOS
from trimtab_stages.ingest.frame import (
    NO_CATEGORY,
    NO_SOURCE,
    Categories,
    Frame,
    Rejected,
    Step,
    Whole,
)
from trimtab_stages.ingest.rule_names import Rule
from trimtab_stages.ingest.trust import shown_time

MAX_ADDED_SHARE = 10
"""Grid points without a row, at most, for each row; more means a wrong interval or gap limit."""


def put_on_grid(frame: Frame, rules: IngestRules) -> Step:
    """Move rows to their grid points and add empty points inside the holes to be filled.

    Without a grid every series is one segment. With one, the points' phase is the most common
    one of the data; of several rows at a point the nearest stays.

    Args:
        frame: rows sorted by series and time.
        rules: the grid and its limits.

    Raises:
        StageError: ValidationFailed for a longer hole where `onGap` is Fail, and for a grid
            that would consist of empty points.
    """
    grid = rules.time.grid
    if grid is None or len(frame) == 0:
        return Step(Rule.OFF_GRID, replace(frame, segment=frame.series.copy()))
    points = _nearest_points(frame.time_ns, grid)
    nearest = _nearest_rows(frame, points)
    near = np.abs(frame.time_ns - points) <= grid.tolerance_seconds * NANOS
    rejected = _reject(frame, points, near, nearest)
    kept = replace(frame, time_ns=points).take(near & nearest)
    filled = _add_empty_points(kept, grid)
    return Step(Rule.OFF_GRID, filled, (rejected,), changed=len(filled) - len(kept))


def _nearest_points(time_ns: Whole, grid: Grid) -> Whole:
    """Return each row's nearest grid point; ties go to the earlier point."""
    interval = grid.interval_seconds * NANOS
    phases, counts = np.unique(time_ns % interval, return_counts=True)
    phase = int(phases[np.argmax(counts)])
    return (time_ns - phase + (interval - 1) // 2) // interval * interval + phase


def _nearest_rows(frame: Frame, points: Whole) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Return which row is the nearest at its point: by distance, then source order."""
    order = np.lexsort((frame.source, np.abs(frame.time_ns - points), points, frame.series))
    first = np.ones(len(frame), np.bool_)
    same_point = points[order][1:] == points[order][:-1]
    same_series = frame.series[order][1:] == frame.series[order][:-1]
    first[1:] = ~(same_point & same_series)
    chosen = np.zeros(len(frame), np.bool_)
    chosen[order[first]] = True
    return chosen


def _reject(
    frame: Frame,
    points: Whole,
    near: np.ndarray[tuple[int], np.dtype[np.bool_]],
    nearest: np.ndarray[tuple[int], np.dtype[np.bool_]],
) -> Rejected:
    bad = np.flatnonzero(~(near & nearest))
    reasons = tuple(
        f"another row is nearer to the grid point {shown_time(int(points[row]))}"
        if near[row]
        else f"{abs(int(frame.time_ns[row] - points[row])) / NANOS:g} s from the grid point"
        f" {shown_time(int(points[row]))}"
        for row in bad.tolist()
    )
    return Rejected(Rule.OFF_GRID, frame.source[bad], reasons)


def _add_empty_points(frame: Frame, grid: Grid) -> Frame:
    """Fill short holes with empty rows; a longer one begins a new segment."""
    interval = grid.interval_seconds * NANOS
    limit = (grid.max_gap_seconds or grid.interval_seconds) // grid.interval_seconds
    same_series = frame.series[1:] == frame.series[:-1]
    holes = np.where(same_series, np.diff(frame.time_ns) // interval - 1, 0)
    _refuse_long_holes(frame, holes, limit, grid)
    bridged = np.where(holes <= limit, holes, 0)
    _refuse_empty_grid(frame, int(bridged.sum()))
    breaks = np.concatenate([[0], (~same_series | (holes > limit)).astype(np.int64)])
    frame = replace(frame, segment=np.cumsum(breaks))
    copies = np.concatenate([bridged + 1, [1]])[: len(frame)]
    owner = np.repeat(np.arange(len(frame)), copies)
    offset = np.arange(len(owner)) - np.repeat(np.cumsum(copies) - copies, copies)
    return _blank(
        replace(frame.take(owner), time_ns=frame.time_ns[owner] + offset * interval), offset
    )


def _blank(frame: Frame, offset: Whole) -> Frame:
    """Empty the rows that are copies made for empty points (offset above 0)."""
    made = offset > 0
    return replace(
        frame,
        source=np.where(made, NO_SOURCE, frame.source),
        numbers={name: np.where(made, np.nan, held) for name, held in frame.numbers.items()},
        categories={
            name: Categories(np.where(made, NO_CATEGORY, held.codes).astype(np.int32), held.names)
            for name, held in frame.categories.items()
        },
    )


def _refuse_long_holes(frame: Frame, holes: Whole, limit: int, grid: Grid) -> None:
    longest = int(holes.max(initial=0))
    if grid.on_gap is Gaps.FAIL and longest > limit:
        after = shown_time(int(frame.time_ns[int(holes.argmax())]))
        raise StageError(
            StageReason.VALIDATION_FAILED,
            f"a hole of {longest * grid.interval_seconds} s follows {after}, longer than"
            f" `spec.time.grid.maxGapSeconds` {limit * grid.interval_seconds}; complete the source,"
            " raise the limit, or set `spec.time.grid.onGap: Split`.",
        )


def _refuse_empty_grid(frame: Frame, added: int) -> None:
    if added > MAX_ADDED_SHARE * len(frame):
        raise StageError(
            StageReason.VALIDATION_FAILED,
            f"the grid would have {added} empty points for {len(frame)} rows;"
            " `spec.time.grid.intervalSeconds` or `spec.time.grid.maxGapSeconds` does not fit the"
            " data.",
        )
