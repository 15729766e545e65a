"""Windows that are done, and from when on arrivals still matter behind them."""

import contextlib
from collections import deque
from collections.abc import Collection, Iterable
from datetime import datetime

from trimtab_operator.monitor.sequences import writer_of
from trimtab_operator.monitor.targets import BEFORE_PROMOTION, Target
from trimtab_operator.monitor.traffic import block_arrival
from trimtab_operator.monitor.windows import Grid, floor_of, nanoseconds, passed
from trimtab_operator.storage.evaluations import read_report, report_keys
from trimtab_operator.storage.window_records import Read
from trimtab_stages.contract import layout
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.store import NotFound, Store


class DoneWindows:
    """Windows that were evaluated, as far back as what comes later depends on them.

    Args:
        grid: the windows.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._ends: deque[tuple[datetime, int | None]] = deque()
        self._records: list[str] = []

    @property
    def closings(self) -> dict[datetime, int | None]:
        """Arrival of what closed each window, by its end."""
        return dict(self._ends)

    def add(self, evaluation: Evaluation) -> None:
        """Take the next window."""
        self._records = evaluation.records
        self._ends.append((evaluation.end, evaluation.closed_ns))
        while len(self._ends) > 1 and self._ends[1][0] <= passed(self._grid, self._ends):
            self._ends.popleft()

    def floor(self, read: Read) -> int | None:
        """Return an instant before which nothing arrived that may count later; None: not known.

        Rows whose clock is ahead close nothing, and what a slow server writes is seen late. So what
        came since the newest window's first rows is kept too.

        Raises:
            StoreError: the store does not answer.
        """
        known = floor_of(self._grid, self._ends)
        if known is None:
            return None
        with contextlib.suppress(NotFound):
            first = first_arrival(read, self._records)
            return known if first is None else min(known, first)
        return known

    def find_older(self, store: Store, monitor: str) -> None:
        """Add the window that tells the floor, from the bucket, where the known ones do not.

        Raises:
            StoreError: the store does not answer.
            ValueError: the report has another format.
        """
        if not self._ends or floor_of(self._grid, self._ends) is not None:
            return
        through = passed(self._grid, self._ends).timestamp()
        ends = {layout.end_of_evaluation(key): key for key in report_keys(store, monitor)}
        newest = max((end for end in ends if end <= through), default=None)
        if newest is not None:
            older = read_report(store, ends[newest]).evaluation
            self._ends.appendleft((older.end, older.closed_ns))


def begin_of(target: Target, judged: Collection[str]) -> int:
    """Return when the first version began to answer whose windows may still be open.

    Args:
        target: the DriftMonitor.
        judged: versions of the windows that were evaluated; without any it is the champion.
    """
    named = [version.since for version in target.versions if version.digest in judged]
    return nanoseconds(min(named) - BEFORE_PROMOTION if named else target.begin)


def first_arrival(read: Read, keys: Iterable[str]) -> int | None:
    """Return when the first row of some blocks arrived, nanoseconds; None without blocks.

    A process writes in order of arrival, so the first block of each says it.

    Raises:
        StoreError: a block cannot be read.
    """
    firsts: dict[str, str] = {}
    for key in keys:
        process = writer_of(key).process
        firsts[process] = min(key, firsts.get(process, key))
    arrivals = (block_arrival(read(key)) for key in firsts.values())
    return min(arrivals, default=None)
