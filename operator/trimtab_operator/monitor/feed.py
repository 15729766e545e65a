"""Finds the objects that servers have added below a prefix, without listing the old ones again.

Keys are `<prefix><day>/<pod>-<start>-<sequence>.<suffix>`. Each process counts up on its own, so a
listing that goes on behind its last key finds what it has added; that other processes have begun
is found by a listing that jumps over the known ones.
"""

from bisect import bisect_left
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from trimtab_operator.monitor.sequences import Writer, writer_of
from trimtab_stages.contract.layout import day_of
from trimtab_stages.store import Entry, Store

MOST_WAITING = 64
"""A number that is still missing after so many later ones is waited for no longer."""
FEW = 16
"""So many objects of a process are read without asking whether they are old."""
RESTS_AFTER = 60
"""A process that has written nothing for so many flush intervals rests."""
RESTING_SHARE = 0.4
"""One that rests is asked again after this share of a flush interval: at every second look."""
LATE_NS = 60_000_000_000
"""Who is asked so long after midnight, and a flush interval, has shown all objects of yesterday."""
MOST_PASSED = 2
"""Objects that a listing may have passed the place of when they and a later one become visible."""


@dataclass(slots=True)
class _Process:
    """What one process wrote on one day.

    Attributes:
        prefix: what its keys begin with.
        behind: all keys up to this one are known.
        next: sequence number that would follow it.
        ahead: known keys after a missing one, by number.
        heard_ns: arrival of the last thing that is known to be in an object.
        asked_ns: when it was listed last.
    """

    prefix: str
    behind: str
    next: int
    ahead: dict[int, str] = field(default_factory=dict)
    heard_ns: int = 0
    asked_ns: int = 0

    def is_due(self, now_ns: int, flush_ns: int) -> bool:
        """Return whether it may have written: from its next flush on, more rarely while it rests.

        What it has not written in order may become visible at any time.
        """
        silent_ns = now_ns - self.heard_ns
        if flush_ns <= silent_ns < RESTS_AFTER * flush_ns:
            return True
        is_quiet = silent_ns < flush_ns and not self.ahead
        return not is_quiet and now_ns - self.asked_ns >= RESTING_SHARE * flush_ns

    def take(self, key: str, sequence: int) -> bool:
        """Take a key; False where it is known."""
        if sequence < self.next or sequence in self.ahead:
            return False
        self.ahead[sequence] = key
        if len(self.ahead) > MOST_WAITING:
            self.next = min(self.ahead)
        while self.next in self.ahead:
            self.behind = self.ahead.pop(self.next)
            self.next += 1
        return True


class Feed:
    """The keys below one prefix, each one once.

    Args:
        prefix: ends with a slash.
        first_day: earlier days are never listed, `YYYY-MM-DD`.
    """

    def __init__(self, prefix: str, first_day: str) -> None:
        self._prefix = prefix
        self._first_day = first_day
        self._processes: dict[str, _Process] = {}
        self._ends: dict[str, int] = {}

    @property
    def known(self) -> frozenset[str]:
        """Processes, `<pod>-<start>`, of which something is remembered."""
        return frozenset(self._ends) | {_process_of(prefix) for prefix in self._processes}

    @property
    def is_empty(self) -> bool:
        """True while no process is known."""
        return not self._processes

    def skip_to(self, day: str) -> None:
        """Never list the days before this one again."""
        self._first_day = max(day, self._first_day)
        start = self._prefix + self._first_day
        self._processes = {key: one for key, one in self._processes.items() if key >= start}
        known = {_process_of(prefix) for prefix in self._processes}
        self._ends = {process: end for process, end in self._ends.items() if process in known}

    def hear(self, key: str, arrived_ns: int) -> None:
        """Note when the last thing in an object that was yielded had arrived, nanoseconds."""
        process = self._processes.get(_prefix_of(key))
        if process is not None:
            process.heard_ns = max(process.heard_ns, arrived_ns)

    def read_known(self, store: Store, now_ns: int, flush_ns: int = 0) -> Iterator[str]:
        """Yield what the known processes have added today, and to the day before as it ended.

        What one adds later to a day that has ended is found by `read_all`.

        Args:
            store: the bucket.
            now_ns: nanoseconds since 1970.
            flush_ns: a process writes so long after it has written, or later; one that writes
                earlier, since much has come, waits as long to be read.

        Raises:
            StoreError: the bucket does not answer.
        """
        newest = {_process_of(prefix): prefix for prefix in sorted(self._processes)}
        for process, prefix in newest.items():
            one = self._processes[prefix]
            if not one.is_due(now_ns, flush_ns):
                continue
            ended_ns = max(one.asked_ns - flush_ns - LATE_NS, 0)
            one.asked_ns = now_ns
            days = day_of(ended_ns), day_of(now_ns)
            former, today = (f"{self._prefix}{day}/{process}-" for day in days)
            # Who has begun a day is done with the one before. A server's clock may be ahead.
            first = max(prefix, former)
            yield from self._read_behind(store, [first, today] if first < today else [first])

    def _read_behind(self, store: Store, prefixes: list[str]) -> Iterator[str]:
        """Yield what one process has added on days, of which the first ends."""
        found = list[list[Entry]]()
        # The first one last, so that it has all that came before what the others show.
        for prefix in reversed(prefixes):
            known = self._processes.get(prefix)
            found.append(list(store.list(prefix, start_after=known.behind if known else "")))
        for entry in chain.from_iterable(reversed(found)):
            yield from self._take(entry.key)

    def read_all(self, store: Store, last_day: str | None = None) -> Iterator[str]:
        """Yield what all processes have added, up to a day, `YYYY-MM-DD`; raises `StoreError`."""
        end = f"{self._prefix}{last_day}0" if last_day else None
        behind: str | None = self._prefix + self._first_day
        while behind is not None:
            behind = yield from self._read_until_known(store, behind, end)

    def _read_until_known(
        self, store: Store, behind: str, end: str | None
    ) -> Generator[str, None, str | None]:
        """Yield new keys; returns where to go on when a known process's old keys begin."""
        for entry in store.list(self._prefix, start_after=behind):
            if end is not None and entry.key > end:
                return None
            process = self._processes.get(_prefix_of(entry.key))
            if process is not None and entry.key <= process.behind:
                return process.behind
            yield from self._take(entry.key)
        return None

    def _take(self, key: str) -> Iterator[str]:
        try:
            writer = writer_of(key)
        except ValueError:
            return
        prefix = _prefix_of(key)
        process = self._processes.get(prefix)
        if process is None:
            process = self._processes[prefix] = _Process(prefix, prefix, self._begin(writer))
        if process.take(key, writer.sequence):
            self._ends[writer.process] = process.next
            yield key

    def _begin(self, writer: Writer) -> int:
        """Return where a day of a process begins: where the day before ended, as far as is known.

        Objects become visible while they are listed, so the first one that is seen may not be it.
        """
        guess = max(writer.sequence - MOST_PASSED, 0)
        return min(writer.sequence, self._ends.get(writer.process, guess))


def skip_older(
    keys: Iterable[str], arrival_of: Callable[[str], int], floor_ns: int
) -> Iterator[str]:
    """Yield keys without what began to arrive well before a floor, reading few objects for it.

    Args:
        keys: sorted within each process.
        arrival_of: reads when an object's content began to arrive, nanoseconds since 1970. Of one
            process, that rises with the key, but for objects that are written together.
        floor_ns: what began to arrive later is yielded, and a little of what did not.
    """
    processes: dict[str, list[str]] = {}
    for key in keys:
        processes.setdefault(_prefix_of(key), []).append(key)
    for found in processes.values():
        if len(found) <= FEW:
            yield from found
            continue
        first = bisect_left(found, floor_ns, key=arrival_of)
        yield from found[max(first - FEW, 0) :]


def _process_of(prefix: str) -> str:
    return prefix.rpartition("/")[2].removesuffix("-")


def _prefix_of(key: str) -> str:
    return f"{key.rpartition('-')[0]}-"
