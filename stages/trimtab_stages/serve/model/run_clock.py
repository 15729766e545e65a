"""How long the runs of a graph took, by size, so that two graphs can be compared run by run.

Runs of many rows cost less a row: times of a version that answers one request at a time and of one
that scores what has gathered can be compared within one size only.
"""

from trimtab_stages.contract.serving_plan import RunTimes

SIZES = 12
"""Sizes 1, 2-3, 4-7, ... rows; the last one is open."""


class RunClock:
    """Sums of run times by size; written by the event loop alone."""

    def __init__(self) -> None:
        self._runs = [0] * SIZES
        self._rows = [0] * SIZES
        self._seconds = [0.0] * SIZES

    def add(self, rows: int, seconds: float) -> None:
        """Add one run; an empty one says nothing."""
        if rows < 1:
            return
        size = min(rows.bit_length(), SIZES) - 1
        self._runs[size] += 1
        self._rows[size] += rows
        self._seconds[size] += seconds

    def read(self) -> list[RunTimes]:
        """Return the sums of all sizes that occurred, smallest first."""
        sums = zip(self._runs, self._rows, self._seconds, strict=True)
        return [
            RunTimes(size=1 << power, runs=runs, rows=rows, seconds=seconds)
            for power, (runs, rows, seconds) in enumerate(sums)
            if runs
        ]
