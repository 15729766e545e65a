"""StuckSensor: a feature keeps one value for longer than it ever did in the reference.

Features that are constant for days, such as a month or a holiday, are told from stuck ones by the
reference's longest constant time; without that nothing is said.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.merge import Floats
from trimtab_stages.drift.parts import WindowParts, runs_of

LEAST_ROWS = 30
VARIES_WITHIN = 2.0
"""A feature that is stuck in the whole window kept one value this many times longer than it ever
did in the reference."""
RESTS_WITHIN = 3.0
"""The same of a part of the window: of many parts, one may rest long by chance."""
SAME_VALUE = 1e-6
"""Range, in reference deviations, up to which values are one value."""


@dataclass(frozen=True, slots=True)
class Stuck:
    """Parts of a window in which a feature kept one value.

    Attributes:
        feature: its position in the table.
        value: the value.
        rows: rows with it.
        longest: longest time that the reference kept a value, seconds.
        first_ns: smallest event time, nanoseconds since 1970, UTC.
        last_ns: largest event time.
    """

    feature: int
    value: float
    rows: int
    longest: float
    first_ns: int
    last_ns: int

    @property
    def seconds(self) -> float:
        """How long the feature kept the value."""
        return (self.last_ns - self.first_ns) / 1e9


def stuck_features(
    table: NumericTable, parts: WindowParts, longest: Sequence[float | None]
) -> Iterator[Stuck]:
    """Yield the longest stuck run of each feature that has one.

    Args:
        table: the window's numeric features.
        parts: the same by parts.
        longest: longest time that the reference kept one value of each, seconds, [F].
    """
    for feature in np.flatnonzero(table.std > 0).tolist():
        most = longest[feature]
        if most is None:
            continue
        runs = _runs(table, parts, feature, most)
        stuck = max(runs, key=lambda run: run.seconds, default=None)
        if stuck is None or stuck.rows < LEAST_ROWS:
            continue
        whole = stuck.rows == table.rows[feature]
        if stuck.seconds > (VARIES_WITHIN if whole else RESTS_WITHIN) * most:
            yield stuck


def _runs(table: NumericTable, parts: WindowParts, feature: int, longest: float) -> Iterator[Stuck]:
    """Yield the runs of parts that have one value; a part without rows ends none of them."""
    held = np.flatnonzero(parts.rows[:, feature])
    low, high = parts.low[held, feature], parts.high[held, feature]
    tolerance = SAME_VALUE * float(table.std[feature])
    constant = high - low <= tolerance
    for first, end in runs_of(constant):
        for begin, stop in _equal(low[first:end], tolerance):
            run = held[first + begin : first + stop]
            yield Stuck(
                feature=feature,
                value=float(low[first + begin]),
                rows=int(parts.rows[run, feature].sum()),
                longest=longest,
                first_ns=int(parts.first_ns[run[0]]),
                last_ns=int(parts.last_ns[run[-1]]),
            )


def _equal(values: Floats, tolerance: float) -> Iterator[tuple[int, int]]:
    """Yield `first, end` of every run of values that follow one another without a change."""
    changes = np.flatnonzero(np.abs(np.diff(values)) > tolerance) + 1
    edges = [0, *changes.tolist(), len(values)]
    yield from pairwise(edges)
