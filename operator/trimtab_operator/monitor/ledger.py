"""What was seen of a Model's traffic, in as few numbers as closing windows needs.

Pure: objects go in one by one, in any order, once each; a window that is closed comes out with the
keys of what belongs to it. The objects themselves are read again by those keys, so that a replay
of a report is the same as its first evaluation.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from trimtab_operator.monitor.windows import (
    AHEAD_NS,
    MOST_AHEAD_NS,
    NEVER,
    Grid,
    Times,
    closing_arrival,
    earliest_arrivals,
)


@dataclass(frozen=True, slots=True)
class SeenBlock:
    """A block of decision records.

    Attributes:
        key: where it lies.
        first_received_ns: arrival of its first row.
        rows: arrival of the first row by (version's first 8 bytes, window).
        reached: earliest arrival by the first window that an event time leaves open.
        reached_ahead: the same of rows whose event time lies in the future, by their arrival.
        believed_ns: arrival of the first row whose event time does not; `NEVER` without one.
    """

    key: str
    first_received_ns: int
    rows: dict[tuple[bytes, int], int]
    reached: dict[int, int]
    reached_ahead: dict[int, int]
    believed_ns: int


@dataclass(frozen=True, slots=True)
class SeenLabels:
    """A batch of labels.

    Attributes:
        key: where it lies.
        received_ns: arrival of its first label.
        reached: as of a block; empty where no label says when it became true.
    """

    key: str
    received_ns: int
    reached: dict[int, int]


@dataclass(frozen=True, slots=True)
class ClosedWindow:
    """A window whose rows are all there that will ever count.

    Attributes:
        number: the window.
        closed_ns: arrival of what closed it; what arrived later does not count.
        version: first 8 bytes of the version that is judged.
        blocks: keys of its decision records, sorted.
        labels: keys of labels that may be of its rows, in order of arrival.
    """

    number: int
    closed_ns: int
    version: bytes
    blocks: tuple[str, ...]
    labels: tuple[str, ...]


def see_block(
    grid: Grid, key: str, versions: Sequence[bytes], event_ns: Times, received_ns: Times
) -> SeenBlock:
    """Return what is kept of a block of n records.

    Args:
        grid: the windows.
        key: where the block lies.
        versions: first 8 bytes of each record's version, [n].
        event_ns: int64 [n].
        received_ns: int64 [n].
    """
    windows, arrivals = grid.windows_of(event_ns).tolist(), received_ns.tolist()
    rows: dict[tuple[bytes, int], int] = {}
    for version, window, arrival in zip(versions, windows, arrivals, strict=True):
        place = (version, window)
        rows[place] = min(arrival, rows.get(place, arrival))
    believed = event_ns <= received_ns + AHEAD_NS
    ahead = received_ns[~believed & (event_ns <= received_ns + MOST_AHEAD_NS)]
    return SeenBlock(
        key=key,
        first_received_ns=int(received_ns.min()),
        rows=rows,
        reached=earliest_arrivals(grid.reached_by(event_ns[believed]), received_ns[believed]),
        reached_ahead=earliest_arrivals(grid.reached_by(ahead), ahead),
        believed_ns=int(received_ns[believed].min(initial=NEVER)),
    )


def see_labels(grid: Grid, key: str, received_ns: int, event_ns: Times) -> SeenLabels:
    """Return what is kept of a batch of labels; `event_ns` holds those that were given."""
    told = event_ns[event_ns <= received_ns + AHEAD_NS]
    reached = earliest_arrivals(grid.reached_by(told), np.full(len(told), received_ns))
    return SeenLabels(key, received_ns, reached)


@dataclass(slots=True)
class Ledger:
    """Blocks and labels of one Model, as one DriftMonitor's windows see them.

    Attributes:
        floor_ns: what began to arrive earlier belongs to windows that are done.
    """

    floor_ns: int
    _blocks: dict[str, SeenBlock] = field(default_factory=dict)
    _labels: dict[str, SeenLabels] = field(default_factory=dict)

    def add_block(self, block: SeenBlock) -> None:
        """Take a block; one that was taken before changes nothing."""
        if block.first_received_ns >= self.floor_ns:
            self._blocks[block.key] = block

    def add_labels(self, labels: SeenLabels) -> None:
        """Take a batch of labels; one that was taken before changes nothing."""
        if labels.received_ns >= self.floor_ns:
            self._labels[labels.key] = labels

    def raise_floor(self, floor_ns: int) -> None:
        """Forget what began to arrive before."""
        self.floor_ns = floor_ns
        self._blocks = {
            key: block for key, block in self._blocks.items() if block.first_received_ns >= floor_ns
        }
        self._labels = {
            key: labels for key, labels in self._labels.items() if labels.received_ns >= floor_ns
        }

    @property
    def block_keys(self) -> Iterable[str]:
        """Keys of the blocks that were taken."""
        return self._blocks.keys()

    @property
    def label_keys(self) -> Iterable[str]:
        """Keys of the batches of labels that were taken."""
        return self._labels.keys()

    def open_from(self, settled_ns: int) -> int | None:
        """Return the number of the first window that is still open; None before any is closed.

        Args:
            settled_ns: everything that arrived by then has been seen.
        """
        reached = self._reached()
        passed = [number for number, arrival in reached.items() if arrival <= settled_ns]
        return max(passed, default=None)

    def next_closed(
        self, first: int | None, versions: Sequence[bytes], settled_ns: int
    ) -> ClosedWindow | None:
        """Return the earliest closed window with rows of a version that can be judged.

        Args:
            first: windows before it are done; None before the first one.
            versions: those that can be judged, newest first; the first with rows is.
            settled_ns: everything that arrived by then has been seen.
        """
        reached = self._reached()
        numbers = {number for block in self._blocks.values() for _, number in block.rows}
        for number in sorted(numbers):
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
                    number, closed_ns, version, tuple(keys), self._labels_by(closed_ns)
                )
        return None

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

    def _reached(self) -> dict[int, int]:
        """Return the earliest arrivals of all.

        While every row's event time lies in the future (a clock or a zone is wrong), their arrivals
        count, so that windows close and the fault is found. One such row among others closes none.
        """
        blocks = self._blocks.values()
        believed_ns = min((block.believed_ns for block in blocks), default=NEVER)
        together: dict[int, int] = {}
        seen: Iterable[SeenBlock | SeenLabels] = (*blocks, *self._labels.values())
        for one in seen:
            _take_earlier(together, one.reached.items())
        for block in blocks:
            ahead = block.reached_ahead.items()
            _take_earlier(together, (item for item in ahead if item[1] < believed_ns))
        return together


def _take_earlier(together: dict[int, int], arrivals: Iterable[tuple[int, int]]) -> None:
    for number, arrival in arrivals:
        together[number] = min(arrival, together.get(number, arrival))
