"""How long the next run of a graph will take: measured at warm-up, corrected by every run.

What blocks the event loop is found out by blocking it once: such a run is believed at once. On a
thread a slow run holds nobody up, and estimates follow slowly.
"""

from dataclasses import dataclass
from math import inf

FASTER = 0.1
"""Largest relative step of an estimate downwards, at one run: a graph that is slow now and then is
better off on a thread."""

SLOWER = 0.02
"""The same upwards: one run that was disturbed says little about the graph."""

ROWS_THAT_TELL = 8
"""Runs with fewer rows mostly measure the call, not the rows."""

SURPRISE = 2.0
"""A run that takes so many times as long as its rows explain is no larger one but a slower one."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a graph is, as measured at warm-up.

    Attributes:
        mergeable: rows of several requests may share one run without changing the answers.
        run_seconds: time of a one-row run.
        row_seconds: time per row in a run of many.
    """

    mergeable: bool
    run_seconds: float
    row_seconds: float


class RunEstimate:
    """What is known of a graph's runs; written by the event loop alone, kept over plans.

    Attributes:
        mergeable: rows of several requests may share one run without changing the answers.
        row_seconds: time per row in a run of many.
    """

    def __init__(self, pace: Pace) -> None:
        self.mergeable = pace.mergeable
        self.row_seconds = pace.row_seconds
        self._run_seconds = pace.run_seconds

    def seconds(self, rows: int) -> float:
        """Return how long a run will take."""
        return max(self._run_seconds, self.row_seconds * rows)

    def add(self, rows: int, seconds: float, limit: float) -> None:
        """Learn from a run.

        Args:
            rows: rows in it.
            seconds: how long it took.
            limit: how long it may take where it was, seconds; infinite on a thread.
        """
        each = seconds / rows if rows else inf
        tells = rows >= ROWS_THAT_TELL
        if is_surprise(seconds, self.row_seconds * rows, limit):
            self._run_seconds = max(self._run_seconds, seconds)
            self.row_seconds = max(self.row_seconds, each) if tells else self.row_seconds
            return
        self._run_seconds = moved(self._run_seconds, seconds)
        row_seconds = moved(self.row_seconds, each)
        # Few rows bear the cost of the call as well: they bound the cost of a row from above.
        self.row_seconds = row_seconds if tells else min(self.row_seconds, row_seconds)


def is_surprise(seconds: float, explained: float, limit: float) -> bool:
    """Return whether a run took longer than it may, and not because of its rows."""
    return seconds > limit and (explained < limit or seconds > SURPRISE * explained)


def moved(estimate: float, measured: float) -> float:
    """Return an estimate after one more measurement, a bounded step towards it."""
    return max(min(measured, estimate * (1 + SLOWER) + 1e-9), estimate * (1 - FASTER))
