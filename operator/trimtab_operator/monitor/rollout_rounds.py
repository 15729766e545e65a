"""Compares champion and challenger of every rollout and writes what it found into the status."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.lease import Clocks
from trimtab_operator.cluster.resources import MODELS
from trimtab_operator.errors import Refused, Retryable
from trimtab_operator.monitor.lanes import Lanes
from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.monitor.rollout_evidence import PairedRows
from trimtab_operator.monitor.rollout_room import with_room
from trimtab_operator.monitor.rollout_targets import RolloutTarget, find_rollouts
from trimtab_operator.storage.stores import Stores
from trimtab_stages.store import StoreError

logger = logging.getLogger(__name__)

LOOKS_PER_FLUSH = 2
"""Half as often as windows are looked at: here every look lists."""
LOOK_SECONDS = 10.0
"""Time for the rows of a rollout, and for its labels; what is left is read by the next look."""

Place = tuple[str, str]


@dataclass(slots=True)
class _Compared:
    """One rollout that is compared from time to time.

    Attributes:
        identity: what a new comparison follows from.
        rows: what is known of its rows; None while there is no room for it.
        held: rows and labels that it held when it was looked at last.
        due: when it is looked at next, monotonic seconds.
        task: the look that is under way.
    """

    identity: tuple[str, str, str]
    rows: PairedRows | None = None
    held: int = 0
    due: float = float("-inf")
    task: "asyncio.Task[None] | None" = None

    @property
    def is_busy(self) -> bool:
        """True while a look is under way."""
        return self.task is not None and not self.task.done()


class RolloutRounds:
    """Lists the Models again and again and compares where there is a challenger.

    Each rollout is looked at on its own: one whose bucket does not answer delays no other.

    Args:
        cluster: where they are and where their status goes.
        stores: opens the buckets.
        lanes: threads.
        metrics: numbers.
        clocks: time.
    """

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        lanes: Lanes,
        metrics: MonitorMetrics,
        clocks: Clocks,
    ) -> None:
        self._cluster = cluster
        self._stores = stores
        self._lanes = lanes
        self._metrics = metrics
        self._clocks = clocks
        self._compared: dict[Place, _Compared] = {}

    async def run(self, namespaces: Sequence[str], poll_seconds: float) -> None:
        """Go round for ever."""
        async with asyncio.TaskGroup() as group:
            while True:
                try:
                    targets = find_rollouts(await self._list(namespaces))
                except (Retryable, Refused) as error:
                    logger.warning("Models not listed", extra={"cause": str(error)})
                else:
                    self._start_due(group, targets)
                await asyncio.sleep(poll_seconds)

    async def _list(self, namespaces: Sequence[str]) -> list[Manifest]:
        models: list[Manifest] = []
        for namespace in namespaces or ("",):
            models += await self._cluster.list_objects(MODELS, namespace)
        return models

    def _start_due(self, group: asyncio.TaskGroup, targets: Sequence[RolloutTarget]) -> None:
        oldest_first = sorted(targets, key=lambda target: target.challenger.since)
        held = {target.place: self._compared_of(target) for target in oldest_first}
        self._forget_all_but(held)
        chosen = frozenset(with_room(held, {place: one.held for place, one in held.items()}))
        for target in oldest_first:
            one = self._compared[target.place]
            if one.is_busy:
                continue
            if target.place not in chosen:
                self._wait_for_room(target, one)
            elif one.due <= self._clocks.monotonic() and self._lanes.admit(target.namespace):
                one.task = group.create_task(self._look(target, one))

    def _forget_all_but(self, compared: dict[Place, _Compared]) -> None:
        """Keep these rollouts, and those whose last look has not ended."""
        known, errors = self._compared, self._metrics.evidence_errors
        self._compared = {place: one for place, one in known.items() if one.is_busy} | compared
        for ended in known.keys() - self._compared.keys():
            errors.remove(*ended)
        for place in self._compared:
            # A counter whose first value is 1 hides that event from `increase`.
            errors.labels(*place)

    def _compared_of(self, target: RolloutTarget) -> _Compared:
        found = self._compared.get(target.place)
        # Also where its challenger has changed meanwhile: two looks must not write one status.
        if found is not None and (found.is_busy or found.identity == target.identity):
            return found
        return _Compared(target.identity)

    def _wait_for_room(self, target: RolloutTarget, one: _Compared) -> None:
        if one.rows is not None:
            model = f"{target.namespace}/{target.name}"
            logger.warning("rollout waits until older ones have ended", extra={"model": model})
            one.rows = None

    async def _look(self, target: RolloutTarget, one: _Compared) -> None:
        started = self._clocks.monotonic()
        where = {"model": f"{target.namespace}/{target.name}"}
        pause = target.flush_seconds / LOOKS_PER_FLUSH
        try:
            if not await self._compare(target, one):
                pause = 0.0
        except (StoreError, ValueError, Retryable, Refused) as error:
            # What was read stays true: after a short silence nothing has to be read again.
            logger.warning("rollout is compared again later", extra=where | {"cause": str(error)})
            self._failed(target, error)
        except Exception as error:
            # One Model's stored objects must not end what watches the others.
            logger.exception("comparison failed", extra=where)
            self._failed(target, error)
            one.rows = None
        one.due = started + pause

    def _failed(self, target: RolloutTarget, error: Exception) -> None:
        self._metrics.evidence_errors.labels(*target.place).inc()
        if isinstance(error, StoreError) and not error.retryable:
            self._stores.forget(target.namespace)

    async def _compare(self, target: RolloutTarget, one: _Compared) -> bool:
        """Write what is new into the status; return whether all has been read."""
        rows = one.rows = one.rows or PairedRows(target)
        now, faults = self._clocks.now(), rows.faults

        def gather() -> dict[str, Any] | None:
            store = self._stores.of_namespace(target.namespace)
            return rows.gather(store, target, now, LOOK_SECONDS)

        try:
            evidence = await self._lanes.run(target.namespace, gather, lambda: rows.active)
        finally:
            one.held = rows.held
            self._metrics.evidence_errors.labels(*target.place).inc(rows.faults - faults)
        if evidence is not None and evidence != target.evidence:
            await self._write(target, evidence)
        return evidence is not None

    async def _write(self, target: RolloutTarget, evidence: dict[str, Any]) -> None:
        # The uid: an object that was made anew under the name gets nothing of the old one.
        metadata = {"name": target.name, "namespace": target.namespace, "uid": target.uid}
        body = {
            "apiVersion": MODELS.api_version,
            "kind": MODELS.kind,
            "metadata": metadata,
            "status": {"rollout": {"evidence": evidence}},
        }
        await self._cluster.apply(body, "status")
