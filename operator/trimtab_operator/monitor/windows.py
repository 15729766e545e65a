"""Event-time windows: which one a row falls into, and when one is closed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.monitoring import Window

SECOND_NS = 1_000_000_000
AHEAD_NS = 300 * SECOND_NS
"""An event time that lies further in the future of its arrival is not believed."""
MOST_AHEAD_NS = 2 * 86_400 * SECOND_NS
"""A clock or a zone that is wrong by less than this still tells that time passes."""

UPLOAD_SECONDS = 2
"""Longest time from a flush until its objects can be listed."""

LOOKS_PER_FLUSH = 4
"""So that what has come is judged less than two flush intervals later, also where an upload takes
longer: what is then found only after it was due waits for the next look."""

NEVER = (1 << 63) - 1
"""An arrival that does not come."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Times = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Grid:
    """Windows `anchor + k * length`, numbered by k.

    Attributes:
        anchor: where window 0 begins, seconds since 1970.
        length: seconds.
        lateness: a window closes at an event time this much after its end, seconds.
    """

    anchor: int
    length: int
    lateness: int

    @classmethod
    def of(cls, window: Window) -> Self:
        """Return the grid of a DriftMonitor's windows."""
        anchor = (window.anchor - EPOCH) // timedelta(seconds=1)
        return cls(anchor, window.seconds, window.allowed_lateness_seconds)

    def start(self, number: int) -> datetime:
        """Return when a window begins, which is when the one before it ends."""
        return EPOCH + timedelta(seconds=self.start_seconds(number))

    def start_seconds(self, number: int) -> int:
        """Return when a window begins, seconds since 1970."""
        return self.anchor + number * self.length

    def windows_of(self, event_ns: Times) -> Times:
        """Return the numbers of the windows that event times fall into."""
        return (event_ns - self.anchor * SECOND_NS) // (self.length * SECOND_NS)

    def reached_by(self, event_ns: Times) -> Times:
        """Return the number of the first window that each event time leaves open."""
        return self.windows_of(event_ns - self.lateness * SECOND_NS)

    def first_from(self, instant: datetime) -> int:
        """Return the number of the first window that begins at an instant or after it."""
        seconds = (instant - EPOCH) // timedelta(microseconds=1) / 1e6
        return -int(-(seconds - self.anchor) // self.length)


def earliest_arrivals(keys: Times, received_ns: Times) -> dict[int, int]:
    """Return the earliest arrival by key.

    Args:
        keys: int64 [n].
        received_ns: int64 [n].
    """
    found, place = np.unique(keys, return_inverse=True)
    first = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(first, place, received_ns)
    return dict(zip(found.tolist(), first.tolist(), strict=True))


def closing_arrival(reached: Mapping[int, int], number: int) -> int | None:
    """Return the arrival of what closed a window, nanoseconds; None while it is open.

    Args:
        reached: earliest arrival by the first window that an event time leaves open.
        number: the window.
    """
    arrivals = [arrival for first_open, arrival in reached.items() if first_open > number]
    return min(arrivals, default=None)


def floor_of(grid: Grid, done: Iterable[tuple[datetime, int | None]]) -> int | None:
    """Return an instant before which no believed row of a window behind arrived; None: not known.

    Such a row of a window behind the newest one that is done closes each window that ended, with
    the allowed lateness, before its event time. So it has arrived when those were closed, or later.

    Args:
        grid: the windows.
        done: end and closing arrival, nanoseconds, of windows that were evaluated, oldest first.
    """
    known = tuple(done)
    until = passed(grid, known) if known else None
    closings = (closed for end, closed in known if closed is not None and until and end <= until)
    return max(closings, default=None)


def passed(grid: Grid, done: Sequence[tuple[datetime, int | None]]) -> datetime:
    """Return an end; what is of a window behind the newest one has closed those until then."""
    return done[-1][0] - timedelta(seconds=grid.lateness)


def nanoseconds(instant: datetime) -> int:
    """Return an instant in nanoseconds since 1970."""
    return (instant - EPOCH) // timedelta(microseconds=1) * 1000
