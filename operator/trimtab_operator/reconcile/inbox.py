"""Takes in watch events and says which objects to look at."""

from collections.abc import Callable, Mapping
from typing import Any

from trimtab_operator.cluster.lister import Caches
from trimtab_operator.reconcile.owners import Relations, owner_of
from trimtab_operator.reconcile.queue import WorkQueue
from trimtab_operator.reconcile.schedule import Key
from trimtab_operator.reconcile.watchdog import Watchdog
from trimtab_operator.telemetry.metrics import Metrics

DELETED = "DELETED"
CHILD_DELAY = 0.2
"""Seconds that changes of children are collected: a starting pod changes several times a second."""


class Inbox:
    """Turns events into keys.

    Args:
        queue: where keys become due.
        metrics: times of events.
        now: wall clock, seconds since 1970.
        caches: of the kinds that are listed as a whole.
    """

    def __init__(
        self, queue: WorkQueue, metrics: Metrics, now: Callable[[], float], caches: Caches
    ) -> None:
        self._queue = queue
        self._metrics = metrics
        self._now = now
        self._caches = caches
        self._relations = Relations()
        self.watchdog = Watchdog()

    def take_own(self, kind: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        """Take an event of one of Trimtab's own kinds."""
        metadata = body["metadata"]
        key = Key(kind, metadata["namespace"], metadata["name"])
        deleted = event_type == DELETED
        self._metrics.watch_last_event.labels(kind).set(self._now())
        self.watchdog.saw(key, None if deleted else metadata["resourceVersion"])
        if kind in self._caches:
            # Before anything is due because of it, so that whoever lists then sees it.
            self._caches[kind].take(dict(body), deleted=deleted)
        affected = set(self._relations.affected_by(key))
        self._relations.update(key, body, deleted=deleted)
        for other in affected | set(self._relations.affected_by(key)) | {key}:
            self._queue.add(other)

    def take_child(self, kind: str, body: Mapping[str, Any]) -> None:
        """Take an event of a Job, Pod or Deployment."""
        self._metrics.watch_last_event.labels(kind).set(self._now())
        owner = owner_of(body)
        if owner is not None:
            self._queue.add(owner, CHILD_DELAY)

    def look_at(self, key: Key, delay: float) -> None:
        """Make an object due without an event."""
        self._queue.add(key, delay)
