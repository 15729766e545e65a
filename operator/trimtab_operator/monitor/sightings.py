"""What is kept of an object that a server has written: in which windows its rows are, and when."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_operator.monitor.windows import (
    AHEAD_NS,
    MOST_AHEAD_NS,
    NEVER,
    Grid,
    Times,
    earliest_arrivals,
)

Versions = NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class SeenBlock:
    """A block of decision records.

    Attributes:
        key: where it lies.
        last_received_ns: arrival of its last row.
        rows: arrival of the first row by (version's first 8 bytes, window).
        reached: earliest arrival by the first window that an event time leaves open.
        reached_ahead: the same of rows whose event time lies in the future, by their arrival.
        believed_ns: arrival of the first row whose event time does not; `NEVER` without one.
    """

    key: str
    last_received_ns: int
    rows: dict[tuple[bytes, int], int]
    reached: dict[int, int]
    reached_ahead: dict[int, int]
    believed_ns: int

    @property
    def received_ns(self) -> int:
        """Arrival of its first row."""
        return min(self.rows.values())


@dataclass(frozen=True, slots=True)
class SeenLabels:
    """A batch of labels.

    Attributes:
        key: where it lies.
        received_ns: arrival of its first label.
        complete_ns: arrival of its last label.
        reached: as of a block; empty where no label says when it became true.
    """

    key: str
    received_ns: int
    complete_ns: int
    reached: dict[int, int]


def see_block(
    grid: Grid, key: str, versions: Versions, event_ns: Times, received_ns: Times
) -> SeenBlock:
    """Return what is kept of a block of n records.

    Args:
        grid: the windows.
        key: where the block lies.
        versions: first 8 bytes of each record's version, uint64 [n], little-endian.
        event_ns: int64 [n].
        received_ns: int64 [n].
    """
    windows = grid.windows_of(event_ns)
    rows: dict[tuple[bytes, int], int] = {}
    for version in np.unique(versions):
        own = versions == version
        found = earliest_arrivals(windows[own], received_ns[own])
        rows |= {(version.tobytes(), window): arrival for window, arrival in found.items()}
    believed = event_ns <= received_ns + AHEAD_NS
    ahead = received_ns[~believed & (event_ns <= received_ns + MOST_AHEAD_NS)]
    return SeenBlock(
        key=key,
        last_received_ns=int(received_ns.max()),
        rows=rows,
        reached=earliest_arrivals(grid.reached_by(event_ns[believed]), received_ns[believed]),
        reached_ahead=earliest_arrivals(grid.reached_by(ahead), ahead),
        believed_ns=int(received_ns[believed].min(initial=NEVER)),
    )


def see_labels(
    grid: Grid, key: str, received_ns: int, event_ns: Times, *, complete_ns: int | None = None
) -> SeenLabels:
    """Return what is kept of a batch of labels.

    Args:
        grid: the windows.
        key: of the batch.
        received_ns: arrival of its first label.
        event_ns: event times that were given with its labels.
        complete_ns: arrival of its last label. A label that closes windows has not arrived later,
            and what arrived before it counts.
    """
    told = event_ns[event_ns <= received_ns + AHEAD_NS]
    arrived_ns = received_ns if complete_ns is None else complete_ns
    reached = earliest_arrivals(grid.reached_by(told), np.full(len(told), arrived_ns))
    return SeenLabels(key, received_ns, arrived_ns, reached)
