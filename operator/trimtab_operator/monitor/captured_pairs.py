"""Reads the rows that champion and challenger of a rollout have both decided, in portions.

The newest buckets of event time are looked at each time, the others a few at a time, again and
again, for what servers wrote late. The champion's rows are looked for only in the buckets in which
the challenger has some: a row of long ago leads to the champion's rows of then and to no others.
"""

import logging
from collections.abc import Callable, Iterator

from trimtab_operator.monitor.rollout_rows import (
    DECIDED,
    Table,
    add_decided,
    are_among,
    decided_of,
    empty,
)
from trimtab_operator.monitor.sequences import Writer, writer_of
from trimtab_operator.monitor.traffic import MOST_FLUSH_NS
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.store import NotFound, Store

logger = logging.getLogger(__name__)

PORTION = 8
"""Buckets of event time that are looked at in one portion."""
NEWEST_SECONDS = 900
"""Buckets that begin so long before the newest row's are looked at each time."""
MOST_BUFFERED = 20_000
"""Rows that are gathered before they are sorted in."""
MOST_SEQUENCE = 1 << 24
"""No process writes so many objects."""

IsOver = Callable[[], bool]
"""Whether the time for a look is over; what is left is read by the next one."""


class CapturedPairs:
    """Rows of both versions, those that arrived first. Not to be shared between threads.

    Attributes:
        is_caught_up: all that lay in the bucket at the begin has been read.
        faults: objects that could not be read; they are tried again.

    Args:
        model: name of the Model.
        champion: digest of the version that answers.
        challenger: digest of the version that scores after the replies.
        most_rows: rows of each version that are kept.
    """

    def __init__(self, model: str, champion: str, challenger: str, most_rows: int) -> None:
        self._champion = layout.version_captured_prefix(model, champion)
        self._challenger = layout.version_captured_prefix(model, challenger)
        self._most = most_rows
        self._most_new = min(MOST_BUFFERED, most_rows)
        self._rows = {prefix: empty(DECIDED) for prefix in (self._champion, self._challenger)}
        self._new: dict[str, list[Table]] = {prefix: [] for prefix in self._rows}
        # A process numbers its objects of all versions and times in one row: a bit for each.
        self._known: dict[str, int] = {}
        self._ends: dict[str, int] = {}
        self._behind = ""
        self._newest = (0, 0)
        self.is_caught_up = False
        self.faults = 0

    @property
    def held(self) -> int:
        """Rows that are kept."""
        return sum(map(len, self._rows.values()))

    def read(self, store: Store, is_over: IsOver) -> None:
        """Take in what is new, and a portion of what may be.

        Raises:
            StoreError: the bucket does not answer; what was read is kept.
        """
        try:
            if self.is_caught_up:
                bucket = self._newest[1] - NEWEST_SECONDS
                behind = layout.before_bucket(self._challenger, max(bucket, 0))
                self._read_behind(store, behind, None, is_over)
            self._read_portion(store, is_over)
            while not self.is_caught_up and not is_over():
                self._read_portion(store, is_over)
        finally:
            self._sort_in()

    def pairs(self) -> tuple[Table, Table]:
        """Return the champion's and the challenger's decisions on the rows that both decided."""
        champion, challenger = self._rows[self._champion], self._rows[self._challenger]
        return champion[are_among(champion, challenger)], challenger[
            are_among(challenger, champion)
        ]

    def _read_portion(self, store: Store, is_over: IsOver) -> None:
        behind = self._read_behind(store, self._behind, PORTION, is_over)
        self.is_caught_up |= behind is None
        self._behind = behind or ""

    def _read_behind(
        self, store: Store, behind: str, portion: int | None, is_over: IsOver
    ) -> str | None:
        """Read some buckets; return where to go on, None at the end."""
        buckets: set[int] = set()
        for key, bucket in _keys_behind(store, self._challenger, behind):
            if bucket not in buckets:
                if len(buckets) == portion:
                    return behind
                buckets.add(bucket)
                for other, _ in _keys_behind(store, f"{self._champion}{bucket:012d}/", ""):
                    self._take(store, self._champion, other)
            self._take(store, self._challenger, key)
            behind = key
            if is_over():
                return behind
        return None

    def _take(self, store: Store, prefix: str, key: str) -> None:
        """Read an object that is not known yet."""
        writer = writer_of(key)
        if self._is_known(writer):
            return
        try:
            rows = decided_of(CapturedRows.from_bytes(store.get(key)))
        except NotFound:
            return
        except (ValueError, OverflowError, NewerSchemaError) as error:
            logger.warning("captured rows not readable", extra={"key": key, "cause": str(error)})
            self.faults += 1
            return
        self._known[writer.process] = self._known.get(writer.process, 0) | 1 << writer.sequence
        if not len(rows):
            return
        self._newest = max(self._newest, (int(rows["received"].max()), layout.captured_bucket(key)))
        self._note_end(writer, int(rows["received"].min()))
        self._new[prefix].append(rows)
        if sum(map(len, self._new[prefix])) >= self._most_new:
            self._sort_in()

    def _is_known(self, writer: Writer) -> bool:
        if writer.sequence >= self._ends.get(writer.process, MOST_SEQUENCE):
            return True
        return bool(self._known.get(writer.process, 0) >> writer.sequence & 1)

    def _note_end(self, writer: Writer, received_ns: int) -> None:
        """Note that a process's later objects hold no row that could be kept.

        It writes in order of arrival, but for what it writes at once.
        """
        full = [rows for rows in self._rows.values() if len(rows) >= self._most]
        last = min((int(rows["received"].max()) for rows in full), default=None)
        if last is not None and received_ns > last + MOST_FLUSH_NS:
            known = self._ends.get(writer.process, MOST_SEQUENCE)
            self._ends[writer.process] = min(writer.sequence, known)

    def _sort_in(self) -> None:
        for prefix, new in self._new.items():
            for rows in new:
                self._rows[prefix] = add_decided(self._rows[prefix], rows, self._most)
            new.clear()


def _keys_behind(store: Store, prefix: str, behind: str) -> Iterator[tuple[str, int]]:
    """Yield keys and their buckets; what has another form is none of a server's."""
    for entry in store.list(prefix, start_after=behind):
        try:
            writer, bucket = writer_of(entry.key), layout.captured_bucket(entry.key)
        except ValueError:
            continue
        if writer.sequence < MOST_SEQUENCE:
            yield entry.key, bucket
