"""What was seen of a Model's traffic, in as few numbers as closing windows needs.

Pure: objects go in one by one, in any order, once each; a window that is closed comes out with the
keys of what belongs to it. The objects themselves are read again by those keys, so that a replay
of a report is the same as its first evaluation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain

from trimtab_operator.monitor.sequences import writer_of
from trimtab_operator.monitor.sightings import SeenBlock, SeenLabels
from trimtab_operator.monitor.silence import MOST_OVERDUE_NS
from trimtab_operator.monitor.windows import NEVER, closing_arrival


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """A window whose rows are all there that will ever count.

    Attributes:
        number: the window.
        closed_ns: arrival of what closed it; what arrived later does not count.
        version: first 8 bytes of the version that is judged.
        others: those of the further versions that answered in it.
        blocks: keys of its decision records, sorted.
        labels: keys of labels that may be of its rows, in order of arrival.
    """

    number: int
    closed_ns: int
    version: bytes
    others: tuple[bytes, ...]
    blocks: tuple[str, ...]
    labels: tuple[str, ...]


@dataclass(slots=True)
class _Watermark:
    """Earliest arrivals over all objects.

    Attributes:
        floor_ns: what arrived earlier closes nothing that is still open.
        numbers: windows with rows.
        believed_ns: arrival of the first row whose event time does not lie in the future.
    """

    floor_ns: int
    numbers: set[int] = field(default_factory=set)
    believed_ns: int = NEVER
    _reached: dict[int, int] = field(default_factory=dict)
    _ahead: dict[int, int] = field(default_factory=dict)

    def add_block(self, block: SeenBlock) -> None:
        """Take a block in."""
        self.numbers.update(number for _, number in block.rows)
        self.believed_ns = min(self.believed_ns, block.believed_ns)
        _take_earlier(self._reached, block.reached.items())
        ahead = block.reached_ahead.items()
        _take_earlier(self._ahead, (item for item in ahead if item[1] >= self.floor_ns))

    def add_labels(self, labels: SeenLabels) -> None:
        """Take labels in."""
        _take_earlier(self._reached, labels.reached.items())

    def reached(self) -> dict[int, int]:
        """Return the earliest arrival by the first window that an event time leaves open.

        While every row's event time lies in the future (a clock or a zone is wrong), their arrivals
        count, so that windows close and the fault is found. One such row among others closes none.
        """
        together = dict(self._reached)
        ahead = self._ahead.items()
        _take_earlier(together, (item for item in ahead if item[1] < self.believed_ns))
        return together


class Ledger:
    """Blocks and labels of one Model, as one DriftMonitor's windows see them.

    Attributes:
        floor_ns: what arrived earlier belongs to windows that are done.
    """

    def __init__(self, floor_ns: int) -> None:
        self.floor_ns = floor_ns
        self._blocks: dict[str, SeenBlock] = {}
        self._labels: dict[str, SeenLabels] = {}
        self._forgotten: dict[str, int] = {}
        self._watermark = _Watermark(floor_ns)

    def add_block(self, block: SeenBlock) -> None:
        """Take a block; one that was taken before changes nothing."""
        if block.last_received_ns >= self.floor_ns:
            self._blocks[block.key] = block
            self._watermark.add_block(block)
        else:
            _take_later(self._forgotten, block.key, block.last_received_ns)

    def add_labels(self, labels: SeenLabels) -> None:
        """Take a batch of labels; one that was taken before changes nothing."""
        if labels.complete_ns >= self.floor_ns:
            self._labels[labels.key] = labels
            self._watermark.add_labels(labels)
        else:
            _take_later(self._forgotten, labels.key, labels.complete_ns)

    def raise_floor(self, floor_ns: int) -> None:
        """Forget what arrived before, but for when processes wrote last."""
        blocks, labels = tuple(self._blocks.values()), tuple(self._labels.values())
        self.floor_ns, self._watermark = floor_ns, _Watermark(floor_ns)
        self._blocks, self._labels = {}, {}
        for block in blocks:
            self.add_block(block)
        for one in labels:
            self.add_labels(one)
        oldest_ns = floor_ns - MOST_OVERDUE_NS
        known = self._forgotten.items()
        self._forgotten = {process: at for process, at in known if at >= oldest_ns}

    @property
    def oldest(self) -> int | None:
        """Number of the oldest window with rows, None without any."""
        return min(self._watermark.numbers, default=None)

    @property
    def block_keys(self) -> Iterable[str]:
        """Keys of the blocks that were taken."""
        return self._blocks.keys()

    @property
    def label_keys(self) -> Iterable[str]:
        """Keys of the batches of labels that were taken."""
        return self._labels.keys()

    def newest_arrivals(self, closed_ns: int) -> dict[str, int]:
        """Return when the newest row or label came by a closing, of each process that wrote one.

        Who wrote at once what came before and after the closing had it in memory then.
        """
        newest = dict(self._forgotten)
        blocks = ((b.key, b.received_ns, b.last_received_ns) for b in self._blocks.values())
        labels = ((b.key, b.received_ns, b.complete_ns) for b in self._labels.values())
        for key, first_ns, last_ns in chain(blocks, labels):
            if first_ns <= closed_ns:
                _take_later(newest, key, min(last_ns, closed_ns))
        return newest

    def open_from(self, settled_ns: int) -> int | None:
        """Return the number of the first window that is still open; None before any is closed.

        Args:
            settled_ns: everything that arrived by then has been seen.
        """
        reached = self._watermark.reached()
        passed = [number for number, arrival in reached.items() if arrival <= settled_ns]
        return max(passed, default=None)

    def closing(self, number: int) -> int:
        """Return the arrival of what closed a window that is done, as far as it is still known.

        What closed an old one is forgotten: what came until the floor counts as in time for it.
        """
        arrival = closing_arrival(self._watermark.reached(), number)
        return self.floor_ns if arrival is None else arrival

    def next_closing(self, settled_ns: int) -> int | None:
        """Return the arrival of what closes the next window with rows, None where nothing has come.

        Args:
            settled_ns: everything that arrived by then has been seen; what closed by then is done.
        """
        reached = self._watermark.reached()
        closings = (closing_arrival(reached, number) for number in self._watermark.numbers)
        coming = (arrival for arrival in closings if arrival is not None and arrival > settled_ns)
        return min(coming, default=None)

    def next_closed(
        self, first: int | None, versions: Sequence[bytes], settled_ns: int
    ) -> ClosedWindow | None:
        """Return the earliest closed window with rows of a version that can be judged.

        Args:
            first: windows before it are done; None before the first one.
            versions: those that can be judged, newest first; the first with rows is.
            settled_ns: everything that arrived by then has been seen.
        """
        reached = self._watermark.reached()
        for number in sorted(self._watermark.numbers):
            if first is not None and number < first:
                continue
            closed_ns = closing_arrival(reached, number)
            if closed_ns is None or closed_ns > settled_ns:
                return None
            found = self._window(number, closed_ns, versions)
            if found is not None:
                return found
        return None

    def _window(
        self, number: int, closed_ns: int, versions: Sequence[bytes]
    ) -> ClosedWindow | None:
        for version in versions:
            keys = self._blocks_of(version, number, closed_ns)
            if keys:
                return ClosedWindow(
                    number=number,
                    closed_ns=closed_ns,
                    version=version,
                    others=tuple(sorted(self._versions_of(number, closed_ns) - {version})),
                    blocks=tuple(keys),
                    labels=self._labels_by(closed_ns),
                )
        return None

    def _versions_of(self, number: int, closed_ns: int) -> set[bytes]:
        return {
            version
            for block in self._blocks.values()
            for (version, window), arrival in block.rows.items()
            if window == number and arrival <= closed_ns
        }

    def _blocks_of(self, version: bytes, number: int, closed_ns: int) -> list[str]:
        place = (version, number)
        return sorted(
            block.key
            for block in self._blocks.values()
            if place in block.rows and block.rows[place] <= closed_ns
        )

    def _labels_by(self, closed_ns: int) -> tuple[str, ...]:
        found = [batch for batch in self._labels.values() if batch.received_ns <= closed_ns]
        found.sort(key=lambda batch: (batch.received_ns, batch.key))
        return tuple(batch.key for batch in found)


def _take_earlier(together: dict[int, int], arrivals: Iterable[tuple[int, int]]) -> None:
    for number, arrival in arrivals:
        together[number] = min(arrival, together.get(number, arrival))


def _take_later(newest: dict[str, int], key: str, arrival: int) -> None:
    process = writer_of(key).process
    newest[process] = max(arrival, newest.get(process, 0))
