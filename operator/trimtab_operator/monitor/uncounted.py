"""How many rows count in no window: late ones, and those that the monitor missed.

A row is late when it arrived after its window was closed. It is missed when it arrived in time, but
its server wrote it only after the window had been evaluated. Rows are told by their decision
records. A pane that began to arrive in time counts as a whole, so the sums of a window may hold a
late row; its decision and its label do not count.

No row is told twice. For that a process that begins anew leaves alone what it finds in the
bucket of windows that were done: it does not know what the one before it has told. So rows that
came while no process looked may be told by none, nor are those of a day that is read no more, or
of event times so far ahead that they were forgotten.
"""

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import numpy as np

from trimtab_operator.monitor.sightings import SeenBlock
from trimtab_operator.monitor.windows import Grid, Times
from trimtab_operator.storage.served import read_arrived_rows
from trimtab_operator.storage.window_records import Read

LATE, MISSED = "late", "missed"
REASONS = (LATE, MISSED)
"""Why a row counts in no window."""


@dataclass(frozen=True, slots=True)
class DoneWindow:
    """A window that takes no more rows.

    Attributes:
        number: the window.
        closed_ns: rows that arrived later are late.
        versions: first 8 bytes of those whose rows could have counted.
        taken: keys of the blocks whose rows count as far as they arrived in time.
    """

    number: int
    closed_ns: int
    versions: Collection[bytes]
    taken: Collection[str] = ()


class Uncounted:
    """Keeps blocks by the windows that their rows are of, until those are done.

    Args:
        grid: the windows.
    """

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._rows: Counter[str] = Counter()
        self._waiting: dict[int, list[SeenBlock]] = {}
        # Windows before the one were done by another process, those before the other by any.
        self._begun: int | None = None
        self._reached: int | None = None

    def add(
        self, blocks: Iterable[SeenBlock], first: int | None, floor_ns: int, *, is_past: bool
    ) -> None:
        """Let blocks wait until their windows are done.

        Rows of windows that another process has done are left to that one.

        Args:
            blocks: none that was taken before.
            first: windows before it are done; None before the first one.
            floor_ns: what arrived before is forgotten where rows are left to another process.
            is_past: the blocks lay in the bucket before this process began.
        """
        for block in blocks:
            for number in {number for _, number in block.rows}:
                self._waiting.setdefault(number, []).append(block)
        if first != self._reached:
            self._begun = first
        if is_past or first != self._reached:
            self.forget(floor_ns, self._begun)

    def forget(self, floor_ns: int, first: int | None = None) -> None:
        """Forget what arrived before an instant, and the rows of windows before the first.

        Whoever sends event times far ahead would fill the memory else.
        """
        kept = {
            number: [block for block in blocks if block.last_received_ns >= floor_ns]
            for number, blocks in self._waiting.items()
            if first is None or number >= first
        }
        self._waiting = {number: blocks for number, blocks in kept.items() if blocks}

    def done_before(self, number: int) -> list[int]:
        """Note that the windows before one are done; return those of them that blocks wait for."""
        self._reached = number
        return sorted(waiting for waiting in self._waiting if waiting < number)

    def count(self, read: Read, window: DoneWindow) -> None:
        """Count the rows of a window that is done, and forget them.

        Raises:
            StoreError: an object cannot be read.
        """
        for block in self._waiting.pop(window.number, ()):
            is_taken = block.key in window.taken
            if is_taken and block.last_received_ns <= window.closed_ns:
                continue
            if any((version, window.number) in block.rows for version in window.versions):
                received_ns = self._arrivals(read(block.key), window)
                late = int(np.count_nonzero(received_ns > window.closed_ns))
                self._rows[LATE] += late
                self._rows[MISSED] += 0 if is_taken else len(received_ns) - late

    def take(self) -> dict[str, int]:
        """Return how many rows were counted since this was asked last, by reason."""
        found, self._rows = dict(+self._rows), Counter()
        return found

    def _arrivals(self, data: bytes, window: DoneWindow) -> Times:
        """Return when a block's rows of a window arrived."""
        rows = read_arrived_rows(data)
        versions = np.frombuffer(b"".join(window.versions), "<u8")
        inside = self._grid.windows_of(rows.event_ns) == window.number
        arrived: Times = rows.received_ns[inside & np.isin(rows.versions, versions)]
        return arrived
