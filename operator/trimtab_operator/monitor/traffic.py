"""What servers have left in a Model's bucket, read as far as it is new."""

import logging
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from trimtab_operator.monitor.feed import Feed, skip_older
from trimtab_operator.monitor.ledger import Ledger
from trimtab_operator.monitor.sightings import SeenBlock, see_block, see_labels
from trimtab_operator.monitor.silence import MOST_OVERDUE_NS, STATED_NS, WriterStates
from trimtab_operator.monitor.windows import NEVER, SECOND_NS, Grid, nanoseconds
from trimtab_operator.storage.served import read_arrived_labels, read_arrived_rows
from trimtab_operator.storage.window_records import Read
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.layout import day_of
from trimtab_stages.contract.writer_state import WriterState
from trimtab_stages.store import Store

logger = logging.getLogger(__name__)

MOST_UNREADABLE = 10_000
"""Objects that are not readable and are known at most; the oldest are forgotten."""
REMEMBERED_NS = 30 * 86_400 * SECOND_NS
"""So long an object that is not readable is known: it counts when its server writes the next."""
MOST_FLUSH_NS = 3600 * SECOND_NS
"""What a server writes at once has arrived within this, and lies under the day of the first."""

_Reading = tuple[Feed, Callable[[str, bytes], int], Callable[[bytes], int]]
"""What has a feed's keys, takes a content in and says when its last part had arrived, and says when
a content began to arrive."""


class Traffic:
    """What a Model's servers wrote and said, as one DriftMonitor's windows see it.

    A long past is read day by day, so that its windows are evaluated and forgotten on the way.

    Attributes:
        model: name of the Model.
        ledger: decision records and labels that were seen.
        states: what server processes said of themselves.
        unreadable: keys of objects that have another format.
        complete_ns: what arrived by then has been read, as far as days are; `NEVER` when the days
            before yesterday are read.
        is_caught_up: what lay in the bucket at the begin has been read.

    Args:
        model: name of the Model.
        grid: the windows.
        floor_ns: what arrived earlier is left out, nanoseconds since 1970.
        most_unreadable: bound on `unreadable`.
    """

    def __init__(
        self, model: str, grid: Grid, floor_ns: int, most_unreadable: int = MOST_UNREADABLE
    ) -> None:
        self.model = model
        self._most_unreadable = most_unreadable
        self._day = first_day(floor_ns)
        self._grid = grid
        # Who wrote last before the floor may be overdue only after it.
        heard_ns = floor_ns - MOST_OVERDUE_NS
        self._blocks = Feed(layout.decisions_prefix(model), first_day(heard_ns))
        self._labels = Feed(layout.feedback_prefix(model), first_day(heard_ns))
        self._said = Feed(layout.writers_prefix(model), day_of(heard_ns - STATED_NS))
        self._new: list[SeenBlock] = []
        self.states = WriterStates()
        self.unreadable: dict[str, None] = {}
        self.ledger = Ledger(floor_ns)
        self.complete_ns = 0
        self.is_caught_up = False

    def read(
        self,
        store: Store,
        read: Read,
        now_ns: int,
        *,
        everything: bool,
        states: bool = False,
        flush_ns: int = 0,
    ) -> None:
        """Take in what is new, or one day of the past.

        Args:
            store: the bucket.
            read: returns the bytes of a key.
            now_ns: wall clock, nanoseconds since 1970.
            everything: look for new processes as well, not only behind the known ones.
            states: read what processes said of themselves as well; that closes no window. Of the
                past both are done anyway.
            flush_ns: how often processes write.

        Raises:
            StoreError: the bucket does not answer.
        """
        # Of a day that has just ended objects may still become visible: it is read with today.
        day = self._day if day_after(self._day) < day_of(now_ns) else None
        # A day that is over is read once, so with the processes that have begun unseen.
        is_past = day is not None or self.complete_ns != NEVER
        everything, states = everything or is_past, states or is_past
        for feed, take, arrival in self._readings(states=states):
            # Of a Model that has just begun to answer, the first process is looked for every time.
            whole = everything or feed.is_empty
            new = feed.read_all(store, day) if whole else feed.read_known(store, now_ns, flush_ns)
            # Later on an old object is not of the past, but a slow server's.
            if not self.is_caught_up:
                new = skip_older(new, partial(_arrival, read, arrival), self.ledger.floor_ns)
            for key in new:
                feed.hear(key, self._try(take, key, read))
        if day is None:
            self.complete_ns, self.is_caught_up = NEVER, True
        else:
            self._day = day_after(day)
            self.complete_ns = _begin_ns(self._day)

    def take_new(self) -> list[SeenBlock]:
        """Return the blocks that were read since this was asked last, also old ones."""
        new, self._new = self._new, []
        return new

    def raise_floor(self, floor_ns: int) -> None:
        """Forget what arrived before."""
        self.ledger.raise_floor(floor_ns)
        self.states.raise_floor(floor_ns)
        for feed in (self._blocks, self._labels, self._said):
            feed.skip_to(first_day(floor_ns))
        oldest = first_day(floor_ns - REMEMBERED_NS)
        self.unreadable = {key: None for key in self.unreadable if not _is_before(key, oldest)}

    def _readings(self, *, states: bool) -> Iterator[_Reading]:
        yield self._blocks, self._take_block, block_arrival
        yield self._labels, self._take_labels, _labels_arrival
        if states:
            yield self._said, self._take_state, _state_instant

    def _try(self, take: Callable[[str, bytes], int], key: str, read: Read) -> int:
        data = read(key)
        try:
            return take(key, data)
        except (ValueError, NewerSchemaError) as error:
            logger.warning("stored object not readable", extra={"key": key, "cause": str(error)})
            self.unreadable[key] = None
            # Where no object of a server is readable no window closes, and no floor rises.
            if len(self.unreadable) > self._most_unreadable:
                del self.unreadable[next(iter(self.unreadable))]
            return 0

    def _take_block(self, key: str, data: bytes) -> int:
        rows = read_arrived_rows(data)
        if not len(rows.versions):
            return 0
        seen = see_block(self._grid, key, rows.versions, rows.event_ns, rows.received_ns)
        self.ledger.add_block(seen)
        self._new.append(seen)
        return seen.last_received_ns

    def _take_labels(self, key: str, data: bytes) -> int:
        labels = read_arrived_labels(data)
        batch = labels.batch
        seen = see_labels(
            self._grid, key, batch.received_ns, labels.event_ns, complete_ns=batch.complete_ns
        )
        self.ledger.add_labels(seen)
        return seen.complete_ns

    def _take_state(self, key: str, data: bytes) -> int:
        state = WriterState.from_bytes(data)
        self.states.add(key, state)
        return state.at_ns


def block_arrival(data: bytes) -> int:
    """Return when the first row of a block arrived, nanoseconds."""
    return int(read_arrived_rows(data).received_ns.min())


def _labels_arrival(data: bytes) -> int:
    return read_arrived_labels(data).batch.received_ns


def _state_instant(data: bytes) -> int:
    return WriterState.from_bytes(data).at_ns


def _arrival(read: Read, arrival: Callable[[bytes], int], key: str) -> int:
    """Return when an object's content began to arrive; what cannot be read counts as new."""
    try:
        return arrival(read(key))
    except (ValueError, NewerSchemaError):
        return NEVER


def first_day(floor_ns: int) -> str:
    """Return the day of the oldest object that may hold what arrived at an instant."""
    return day_of(floor_ns - MOST_FLUSH_NS)


def _is_before(key: str, day: str) -> bool:
    return key.split("/")[-2] < day


def day_after(day: str) -> str:
    """Return the day after a day, `YYYY-MM-DD`."""
    return (date.fromisoformat(day) + timedelta(days=1)).isoformat()


def _begin_ns(day: str) -> int:
    return nanoseconds(datetime.combine(date.fromisoformat(day), time.min, UTC))
