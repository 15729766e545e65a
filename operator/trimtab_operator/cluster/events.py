"""Kubernetes Events: one object for each thing that can be said, counted when it is said again."""

import logging
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.resources import EVENTS
from trimtab_operator.domain.plan import Emit
from trimtab_operator.errors import Conflict, Refused, Retryable
from trimtab_stages.contract.base import digest_of

logger = logging.getLogger(__name__)

CONTROLLER = "trimtab.dev/operator"
QUIET_SECONDS = 60
REMEMBERED = 2048
NOTE_LENGTH = 1024


@dataclass(frozen=True, slots=True)
class Subject:
    """The object that is reconciled."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str
    generation: int


def micro_time(when: datetime) -> str:
    """Return metav1.MicroTime."""
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


class EventWriter:
    """Writes Events under names made from what they say, so that a repeat is the same object.

    What is kept in memory only spares requests: without it a repeat is found by its name.

    Args:
        cluster: where to.
        instance: this operator's identity.
        now: wall clock, UTC.
    """

    def __init__(self, cluster: Cluster, instance: str, now: Callable[[], datetime]) -> None:
        self._cluster = cluster
        self._instance = instance
        self._now = now
        self._said: OrderedDict[str, tuple[int, datetime]] = OrderedDict()

    async def emit(self, subject: Subject, event: Emit) -> None:
        """Write or count an Event. A failure is logged: no decision rests on Events."""
        name = event_name(subject, event)
        count, last = self._said.get(name, (0, None))
        now = self._now()
        if last is not None and (now - last).total_seconds() < QUIET_SECONDS:
            return
        try:
            await self._write(name, subject, event, count)
        except (Retryable, Refused) as error:
            logger.warning("event not written", extra={"reason": event.reason, "cause": str(error)})
            return
        self._remember(name, count + 1, now)

    async def _write(self, name: str, subject: Subject, event: Emit, count: int) -> None:
        if count and await self._count(name, subject, count + 1):
            return
        try:
            await self._cluster.create(self._manifest(name, subject, event))
        except Conflict:
            await self._count(name, subject, count + 2)

    async def _count(self, name: str, subject: Subject, count: int) -> bool:
        series = {"count": count, "lastObservedTime": micro_time(self._now())}
        patched = await self._cluster.merge(EVENTS, subject.namespace, name, {"series": series})
        return patched is not None

    def _remember(self, name: str, count: int, now: datetime) -> None:
        self._said[name] = (count, now)
        self._said.move_to_end(name)
        while len(self._said) > REMEMBERED:
            self._said.popitem(last=False)

    def _manifest(self, name: str, subject: Subject, event: Emit) -> Manifest:
        return {
            "apiVersion": EVENTS.api_version,
            "kind": EVENTS.kind,
            "metadata": {"name": name, "namespace": subject.namespace},
            "eventTime": micro_time(self._now()),
            "reportingController": CONTROLLER,
            "reportingInstance": self._instance[:128],
            "action": event.reason,
            "reason": event.reason,
            "type": event.type.value,
            "note": event.message[:NOTE_LENGTH],
            "regarding": {
                "apiVersion": subject.api_version,
                "kind": subject.kind,
                "namespace": subject.namespace,
                "name": subject.name,
                "uid": subject.uid,
            },
        }


def event_name(subject: Subject, event: Emit) -> str:
    """Return the name that this Event always has for this object."""
    said = digest_of([subject.uid, event.type.value, event.reason, event.message])
    return f"{subject.name}.{said.removeprefix('sha256:')[:16]}"
