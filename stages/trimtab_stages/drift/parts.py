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
    place, parts = _places(panes)
    columns = _columns(panes, names)
    rows = _gather(np.add, columns.rows, place, parts, 0.0)
    total = _gather(np.add, columns.total, place, parts, 0.0)
    first, last = np.full(parts, np.iinfo(np.int64).max), np.zeros(parts, np.int64)
    np.minimum.at(first, place, np.array([pane.first_event_ns for pane in panes], np.int64))
    np.maximum.at(last, place, np.array([pane.last_event_ns for pane in panes], np.int64))
    return WindowParts(
        first_ns=first,
        last_ns=last,
        rows=rows.astype(np.int64),
        shift=np.divide(total, rows, out=np.full(rows.shape, np.nan), where=rows > 0),
        low=_gather(np.minimum, columns.low, place, parts, np.inf),
        high=_gather(np.maximum, columns.high, place, parts, -np.inf),
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


@dataclass(frozen=True, slots=True)
class _Columns:
    """Sums of each pane, float64 [n, F]."""

    rows: Floats
    total: Floats
    low: Floats
    high: Floats


def _columns(panes: Sequence[Pane], names: Sequence[str]) -> _Columns:
    sums = [_sums(pane.rows, pane.numeric.get(name, _NOTHING)) for pane in panes for name in names]
    table = np.array(sums, dtype=np.float64).reshape(len(panes), len(names), 4)
    return _Columns(*np.moveaxis(table, 2, 0))


def _sums(rows: int, cells: NumericCells) -> tuple[float, float, float, float]:
    present = rows - cells.missing if cells.counts else 0
    low = np.inf if cells.min is None else cells.min
    high = -np.inf if cells.max is None else cells.max
    return present, cells.total, low, high


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
