"""Compares champion and challenger of every rollout and writes what it found into the status."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Any

from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.lease import Clocks
from trimtab_operator.cluster.resources import MODELS
from trimtab_operator.errors import Refused, Retryable
from trimtab_operator.monitor.metrics import MonitorMetrics
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.rollout_evidence import PairedRows
from trimtab_operator.monitor.rollout_targets import RolloutTarget, find_rollouts
from trimtab_operator.monitor.windows import LOOKS_PER_FLUSH
from trimtab_operator.storage.stores import Stores
from trimtab_stages.store import StoreError

logger = logging.getLogger(__name__)

Place = tuple[str, str]


class RolloutRounds:
    """Lists the Models again and again and compares where there is a challenger.

    Args:
        cluster: where they are and where their status goes.
        stores: opens the buckets.
        executor: bounded threads; boto3 and NumPy block.
        metrics: numbers.
        clocks: time.
    """

    def __init__(
        self,
        cluster: Cluster,
        stores: Stores,
        executor: Executor,
        metrics: MonitorMetrics,
        clocks: Clocks,
    ) -> None:
        self._cluster = cluster
        self._stores = stores
        self._executor = executor
        self._metrics = metrics
        self._clocks = clocks
        self._cache = ObjectCache()
        self._rows: dict[Place, PairedRows] = {}
        self._due: dict[Place, float] = {}

    async def run(self, namespaces: Sequence[str], poll_seconds: float) -> None:
        """Go round for ever."""
        while True:
            try:
                targets = find_rollouts(await self._list(namespaces))
            except (Retryable, Refused) as error:
                logger.warning("Models not listed", extra={"cause": str(error)})
            else:
                self._forget_all_but(targets)
                for target in targets:
                    await self._compare_if_due(target)
            await asyncio.sleep(poll_seconds)

    async def _list(self, namespaces: Sequence[str]) -> list[Manifest]:
        models: list[Manifest] = []
        for namespace in namespaces or ("",):
            models += await self._cluster.list_objects(MODELS, namespace)
        return models

    def _forget_all_but(self, targets: Sequence[RolloutTarget]) -> None:
        places = {(target.namespace, target.name) for target in targets}
        self._rows = {place: rows for place, rows in self._rows.items() if place in places}
        self._due = {place: due for place, due in self._due.items() if place in places}

    async def _compare_if_due(self, target: RolloutTarget) -> None:
        place = (target.namespace, target.name)
        started = self._clocks.monotonic()
        if self._due.get(place, float("-inf")) > started:
            return
        try:
            await self._compare(target)
        except (StoreError, ValueError, Retryable, Refused) as error:
            where = {"model": f"{target.namespace}/{target.name}"}
            logger.warning("rollout is compared again later", extra=where | {"cause": str(error)})
            self._failed(place)
        except Exception:
            # One Model's stored objects must not end what watches the others.
            logger.exception("comparison failed", extra={"model": "/".join(place)})
            self._failed(place)
        self._due[place] = started + target.flush_seconds / LOOKS_PER_FLUSH

    def _failed(self, place: Place) -> None:
        """Count it; everything about the rollout is derived anew."""
        self._metrics.evidence_errors.labels(*place).inc()
        self._rows.pop(place, None)

    async def _compare(self, target: RolloutTarget) -> None:
        place = (target.namespace, target.name)
        rows = self._rows.get(place)
        if rows is None or rows.identity != target.identity:
            rows = self._rows[place] = PairedRows(target, self._cache)
        now = self._clocks.now()

        def gather() -> dict[str, Any]:
            return rows.gather(self._stores.of_namespace(target.namespace), target, now)

        evidence = await asyncio.get_running_loop().run_in_executor(self._executor, gather)
        if evidence != target.evidence:
            await self._cluster.apply(
                {
                    "apiVersion": MODELS.api_version,
                    "kind": MODELS.kind,
                    "metadata": {
                        "name": target.name,
                        "namespace": target.namespace,
                        "uid": target.uid,
                    },
                    "status": {"rollout": {"evidence": evidence}},
                },
                "status",
            )
