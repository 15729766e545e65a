"""Parts of a window, one after the other: a fault that begins on a day is not in all of its rows.

A part is one event-time bucket of the panes, or several that follow one another where a window has
more than 32.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.pane import NumericCells, Pane
from trimtab_stages.drift.merge import Counts, Floats

MOST_PARTS = 32
_NOTHING = NumericCells(counts=[])


@dataclass(frozen=True, slots=True)
class WindowParts:
    """P parts with rows, in order of event time, and F numeric features of each.

    Attributes:
        first_ns: smallest event time, nanoseconds since 1970, UTC, int64 [P].
        last_ns: largest event time, int64 [P].
        rows: rows with a value, int64 [P, F].
        shift: mean less the reference's mean, float64 [P, F]; NaN without rows.
        low: smallest value, float64 [P, F]; infinity without rows.
        high: largest value, float64 [P, F]; minus infinity without rows.
    """

    first_ns: Counts
    last_ns: Counts
    rows: Counts
    shift: Floats
    low: Floats
    high: Floats

    def __len__(self) -> int:
        return len(self.first_ns)


def window_parts(names: Sequence[str], buckets: Sequence[Pane]) -> WindowParts:
    """Return the parts of a window.

    Args:
        names: numeric features, [F].
        buckets: the window's panes.
    """
    panes = [pane for pane in buckets if pane.rows]
    cells = [[pane.numeric.get(name, _NOTHING) for name in names] for pane in panes]
    shape = (len(panes), len(names))
    rows = _table(
        [
            [pane.rows - one.missing if one.counts else 0 for one in row]
            for pane, row in zip(panes, cells, strict=True)
        ],
        shape,
    )
    total = _table([[one.total for one in row] for row in cells], shape)
    low = _table([[np.inf if one.min is None else one.min for one in row] for row in cells], shape)
    high = _table(
        [[-np.inf if one.max is None else one.max for one in row] for row in cells], shape
    )
    place, parts = _places(panes)
    counted = _gather(np.add, rows, place, parts, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        shift = _gather(np.add, total, place, parts, 0.0) / counted
    times = np.array([[pane.first_event_ns, pane.last_event_ns] for pane in panes], np.int64)
    times = times.reshape(-1, 2)
    first, last = np.full(parts, np.iinfo(np.int64).max), np.zeros(parts, np.int64)
    np.minimum.at(first, place, times[:, 0])
    np.maximum.at(last, place, times[:, 1])
    return WindowParts(
        first_ns=first,
        last_ns=last,
        rows=counted.astype(np.int64),
        shift=shift,
        low=_gather(np.minimum, low, place, parts, np.inf),
        high=_gather(np.maximum, high, place, parts, -np.inf),
    )


def runs_of(chosen: npt.NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield `first, end` of every run of chosen parts; `end` is exclusive."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], chosen, [False]]).astype(np.int8)))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def span_words(first_ns: int, last_ns: int) -> str:
    """Return `from 2026-03-01T00:00:00Z to 2026-03-02T23:00:00Z`."""
    times = (datetime.fromtimestamp(time // 10**9, UTC) for time in (first_ns, last_ns))
    first, last = (f"{time:%Y-%m-%dT%H:%M:%SZ}" for time in times)
    return f"from {first} to {last}"


def _table(rows: Sequence[Sequence[float]], shape: tuple[int, int]) -> Floats:
    return np.array(rows, dtype=np.float64).reshape(shape)


def _places(panes: Sequence[Pane]) -> tuple[Counts, int]:
    """Return the part of each pane, [n], and how many parts there are; none is without rows."""
    starts, bucket = np.unique([pane.bucket for pane in panes], return_inverse=True)
    numbers = np.arange(len(starts))
    if len(starts) > MOST_PARTS:
        begun = (starts - starts[0]).astype(np.int64)
        numbers = np.unique(begun * MOST_PARTS // (begun[-1] + 1), return_inverse=True)[1]
    return numbers[bucket].astype(np.int64), int(numbers.max(initial=-1)) + 1


def _gather(add: np.ufunc, values: Floats, place: Counts, parts: int, start: float) -> Floats:
    gathered = np.full((parts, values.shape[1]), start)
    add.at(gathered, place, values)
    return gathered
