"""Reads the labels that came back since a rollout began: day by day, an object at a time."""

import contextlib
import logging
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.monitor.captured_pairs import IsOver
from trimtab_operator.monitor.feed import Feed
from trimtab_operator.monitor.rollout_rows import (
    LABELS,
    Table,
    add_labels,
    are_among,
    empty,
    labels_of,
    newest_of,
)
from trimtab_operator.monitor.traffic import day_after, first_day
from trimtab_operator.monitor.windows import AHEAD_NS, SECOND_NS, nanoseconds
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.feedback import FeedbackBatch
from trimtab_stages.contract.layout import day_of
from trimtab_stages.store import NotFound, Store

logger = logging.getLogger(__name__)

LATE_NS = 2 * 86_400 * SECOND_NS
"""Days that are over are listed for so long, for what their servers write late."""
MOST_BUFFERED = 20_000
"""Labels that are gathered before they are sorted in."""


@dataclass(frozen=True, slots=True)
class Joined:
    """What labels are read for.

    Attributes:
        index: class index by name.
        pairs: rows that both versions decided.
        settled_ns: the rows that labels which came by then may be of are written.
        now_ns: wall clock; nothing waits for an arrival that lies far in its future.
    """

    index: Mapping[str, int]
    pairs: Table
    settled_ns: int
    now_ns: int


class RolloutLabels:
    """Labels of a Model since a challenger scores. Not to be shared between threads.

    Attributes:
        settled: labels that count, or will when their rows are there.
        is_caught_up: all that lay in the bucket at the begin has been read.

    Args:
        model: name of the Model.
        since: when the challenger began.
        most_early: labels that are kept while they wait for their rows. Most labels are of rows
            that are not captured, so the oldest of them are forgotten.
    """

    def __init__(self, model: str, since: datetime, most_early: int) -> None:
        self._day = first_day(nanoseconds(since))
        self._feed = Feed(layout.feedback_prefix(model), self._day)
        self._most_early = most_early
        self._unread: deque[str] = deque()
        self._new: list[Table] = []
        self.settled = empty(LABELS)
        self.is_caught_up = False

    @property
    def held(self) -> int:
        """Labels that are kept."""
        return len(self.settled) + self._buffered

    @property
    def _buffered(self) -> int:
        return sum(map(len, self._new))

    def read(self, store: Store, joined: Joined, is_over: IsOver) -> None:
        """Take in what is new, of a long past some days.

        Raises:
            StoreError: the bucket does not answer; what was read is kept.
        """
        try:
            self._read_unread(store, joined)
            while not self._read_day(store, joined, is_over):
                if is_over():
                    break
        finally:
            self._settle(joined)

    def _read_day(self, store: Store, joined: Joined, is_over: IsOver) -> bool:
        """Read the next day, or today with those just over; return whether it was the last."""
        today = day_of(joined.now_ns)
        # Of a day that has just ended objects may still become visible: it is read with today.
        day = self._day if day_after(self._day) < today else None
        for key in self._feed.read_all(store, day):
            self._unread.append(key)
            self._read_unread(store, joined)
            if is_over():
                return True
        if day is None:
            self.is_caught_up = True
            self._feed.skip_to(day_of(joined.now_ns - LATE_NS))
        else:
            self._day = day_after(day)
        return day is None

    def _read_unread(self, store: Store, joined: Joined) -> None:
        """Read the objects that were found: one that is not read now is found no second time."""
        while self._unread:
            key = self._unread[0]
            with contextlib.suppress(NotFound):
                self._take(key, store.get(key), joined)
            self._unread.popleft()

    def _take(self, key: str, data: bytes, joined: Joined) -> None:
        try:
            self._new.append(labels_of(FeedbackBatch.from_bytes(data), joined.index))
        except (ValueError, OverflowError, NewerSchemaError) as error:
            logger.warning("labels not readable", extra={"key": key, "cause": str(error)})
        if self._buffered >= MOST_BUFFERED:
            self._settle(joined)

    def _settle(self, joined: Joined) -> None:
        """Let the labels count whose rows are written."""
        new, self._new = self._new, []
        for labels in new:
            arrived = labels["first"].max(initial=0)
            if joined.settled_ns < arrived <= joined.now_ns + AHEAD_NS:
                self._new.append(labels)
            else:
                self.settled = add_labels(self.settled, labels)
        early = ~are_among(self.settled, joined.pairs)
        self.settled = newest_of(self.settled, early, self._most_early)
