"""Counts the rows that a killed process takes with it.

The counts lie in a mapped file on the pod's emptyDir: what was stored into it stays when the
process is killed at any instant, without a system call for a request. The next process of the pod
reads how many rows the one before it had answered and not written; an orderly end leaves none.
"""

import mmap
import threading
from pathlib import Path

_FILE = "unwritten-rows"
_WORD = 8
_ANSWERED, _SETTLED = 0, 1


class UnwrittenRows:
    """Rows that were answered and of which nothing is in the store yet.

    Attributes:
        lost: rows that the process before this one left so, 0 after an orderly end. They stay
            unwritten until the object that tells of them is settled too.
    """

    def __init__(self, directory: Path) -> None:
        """Map the directory's counts, and begin anew.

        Raises:
            OSError: the directory cannot be written.
        """
        directory.mkdir(parents=True, exist_ok=True)
        with (directory / _FILE).open("a+b") as file:
            file.truncate(2 * _WORD)
            self._counts = memoryview(mmap.mmap(file.fileno(), 2 * _WORD)).cast("q")
        self._lock = threading.Lock()
        self.lost = max(0, self._counts[_ANSWERED] - self._counts[_SETTLED])
        self._counts[_SETTLED] = 0
        self._counts[_ANSWERED] = self.lost

    def answer(self, rows: int) -> None:
        """Note answered rows; called on the event loop only."""
        self._counts[_ANSWERED] += rows

    def settle(self, rows: int) -> None:
        """Note rows that were written, or dropped and counted as such; called on any thread."""
        with self._lock:
            self._counts[_SETTLED] += rows
