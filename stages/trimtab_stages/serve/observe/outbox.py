"""Writes objects to the store in the background: bounded, retried, in order, drops counted.

Objects of a lane are written one after the other, as they were offered; one that the store does not
take yet holds the later ones back, one that it will never take is dropped. So who finds an object
finds all before it in its lane, and a number that is missing in front of it was lost, also after
the store was away.
"""

import logging
import threading
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass

from trimtab_stages.store import ArtifactConflict, InvalidKey, Store, StoreError, StoreFailure

LOG = logging.getLogger(__name__)

KINDS = ("pane", "captured", "decisions", "feedback", "writer")
"""What is written, for metrics."""
LANES = (("pane", "decisions", "feedback", "writer"), ("captured",))
"""Kinds that are written in one order, by a thread of each lane. Windows are closed and judged by
the first ones together; captured rows are large, and nothing counts what is missing of them."""
FIRST_RETRY_SECONDS = 0.5
LAST_RETRY_SECONDS = 10.0
MOST_REFUSALS = 8
"""So often in a row a store refuses an object for a cause without a name, over 35 seconds."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An object to write.

    Attributes:
        kind: what it is, one of `KINDS`.
        key: where it goes.
        encode: makes its bytes; called on a writer's thread.
        size: estimated bytes, for the bound on memory.
        rows: answered rows that it is the record of, or lost ones that it tells of.
    """

    kind: str
    key: str
    encode: Callable[[], bytes]
    size: int
    rows: int = 0


class Outbox:
    """Queue of objects, and the threads that write them.

    Attributes:
        settle: told the number of answered rows whose record was written or dropped.
        written: objects written, by kind.
        dropped: objects lost, by kind; a lost pane also leaves a hole in the sequence numbers.
    """

    def __init__(
        self,
        open_store: Callable[[], Store],
        most_bytes: int,
        settle: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._open_store = open_store
        self._most_bytes = most_bytes
        self.settle = settle
        self._queues: tuple[deque[Outgoing], ...] = tuple(deque() for _ in LANES)
        self._queue_of = {
            kind: queue for kinds, queue in zip(LANES, self._queues, strict=True) for kind in kinds
        }
        self._bytes = 0
        self._changed = threading.Condition()
        self._busy = 0
        self._closing = threading.Event()
        self._threads = [
            threading.Thread(
                target=self._write_all, args=(queue,), name=f"outbox-{kinds[0]}", daemon=True
            )
            for kinds, queue in zip(LANES, self._queues, strict=True)
        ]
        self.written: Counter[str] = Counter()
        self.dropped: Counter[str] = Counter()

    @property
    def waiting_bytes(self) -> int:
        """Estimated bytes that wait."""
        return self._bytes

    def start(self) -> None:
        """Start to write."""
        for thread in self._threads:
            thread.start()

    def has_room(self, size: int) -> bool:
        """Whether an object of this size would be taken."""
        return self._bytes + size <= self._most_bytes

    def offer(self, item: Outgoing) -> bool:
        """Queue an object; False when there is no room and it is dropped."""
        with self._changed:
            if self._bytes + item.size > self._most_bytes:
                self._settle(self.dropped, item)
                return False
            self._queue_of[item.kind].append(item)
            self._bytes += item.size
            self._changed.notify_all()
        return True

    def close(self, seconds: float) -> None:
        """Write what waits for at most `seconds`, then stop; what is left is dropped."""
        with self._changed:
            self._changed.wait_for(self._is_idle, timeout=seconds)
            for queue in self._queues:
                for item in queue:
                    self._settle(self.dropped, item)
                queue.clear()
            self._closing.set()
            self._changed.notify_all()

    def _is_idle(self) -> bool:
        return not any(self._queues) and not self._busy

    def _write_all(self, queue: deque[Outgoing]) -> None:
        while (item := self._take(queue)) is not None:
            try:
                self._write(item)
            finally:
                with self._changed:
                    self._bytes -= item.size
                    self._busy -= 1
                    self._changed.notify_all()

    def _take(self, queue: deque[Outgoing]) -> Outgoing | None:
        with self._changed:
            self._changed.wait_for(lambda: bool(queue) or self._closing.is_set())
            if not queue:
                return None
            self._busy += 1
            return queue.popleft()

    def _write(self, item: Outgoing) -> None:
        try:
            data = item.encode()
        except Exception:
            LOG.exception("cannot encode %s", item.key)
            self._count(self.dropped, item)
            return
        wait, refusals = FIRST_RETRY_SECONDS, 0
        while not self._closing.is_set():
            try:
                self._open_store().put_if_absent(item.key, data)
            except StoreError as error:
                refusals = refusals + 1 if isinstance(error, StoreFailure) else 0
                if is_refused(error, refusals):
                    LOG.error("%s is dropped: %s", item.key, error)  # noqa: TRY400 - says it all
                    break
                LOG.warning("cannot write %s yet: %s", item.key, error)
                self._closing.wait(wait)
                wait = min(2 * wait, LAST_RETRY_SECONDS)
            except Exception:
                # What nobody foresaw costs this object: without its thread a lane would stand.
                LOG.exception("cannot write %s", item.key)
                break
            else:
                self._count(self.written, item)
                return
        self._count(self.dropped, item)

    def _count(self, counter: Counter[str], item: Outgoing) -> None:
        with self._changed:
            self._settle(counter, item)

    def _settle(self, counter: Counter[str], item: Outgoing) -> None:
        self.settle(item.rows)
        counter[item.kind] += 1


def is_refused(error: StoreError, refusals: int) -> bool:
    """Return whether a store will not take an object, also when others are taken again.

    What is wrong with the store itself (away, overloaded, credentials, bucket) is waited for.

    Args:
        error: what it answered last.
        refusals: how often in a row it refused the object for a cause without a name.
    """
    if isinstance(error, StoreFailure):
        return refusals >= MOST_REFUSALS
    return isinstance(error, ArtifactConflict | InvalidKey)
