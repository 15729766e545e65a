"""The workers: take a key, reconcile it, give it back. Faults end in backoff, never in silence."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from trimtab_operator.cluster.client import Cluster
from trimtab_operator.cluster.resources import OWN_KINDS
from trimtab_operator.errors import Conflict, LeaseLost, Refused, Retryable
from trimtab_operator.reconcile.inbox import Inbox
from trimtab_operator.reconcile.queue import WorkQueue
from trimtab_operator.reconcile.reconciler import Reconciler
from trimtab_operator.reconcile.schedule import Key
from trimtab_operator.telemetry.metrics import Metrics

logger = logging.getLogger(__name__)

STARTUP_SPREAD = 2.0
"""Seconds over which all objects become due after a start."""


@dataclass(frozen=True, slots=True)
class Loop:
    """Runs reconciles.

    Attributes:
        queue: what is due.
        reconciler: does one.
        metrics: numbers.
        now: wall clock, UTC.
    """

    queue: WorkQueue
    reconciler: Reconciler
    metrics: Metrics
    now: Callable[[], datetime]

    async def work(self) -> None:
        """Reconcile what is due, for ever.

        Raises:
            LeaseLost: another operator may be active.
        """
        while True:
            key = await self.queue.get()
            started = time.perf_counter()
            result = await self._reconcile(key)
            seconds = time.perf_counter() - started
            self.metrics.reconcile_duration.labels(key.kind, result).observe(seconds)

    async def _reconcile(self, key: Key) -> str:
        try:
            wait = await self.reconciler.reconcile(key, self.now())
        except LeaseLost:
            raise
        except Conflict as error:
            logger.debug("conflict", extra={"object": label(key), "cause": str(error)})
            self.queue.fail(key)
            return "conflict"
        except (Retryable, Refused) as error:
            return self._failed(key, error)
        except Exception as error:
            logger.exception("reconcile failed", extra={"object": label(key)})
            return self._failed(key, error)
        self.queue.finish(key)
        if wait is not None:
            self.queue.add(key, wait)
        return "ok"

    def _failed(self, key: Key, error: Exception) -> str:
        self.metrics.reconcile_errors.labels(key.kind, type(error).__name__).inc()
        asked = error.retry_after if isinstance(error, Retryable) else None
        delay = self.queue.fail(key, asked or 0.0)
        logger.warning(
            "reconcile is tried again",
            extra={"object": label(key), "cause": str(error), "seconds": round(delay, 1)},
        )
        return "error"


@dataclass(frozen=True, slots=True)
class Resync:
    """Looks at every object from time to time, whatever the watch has said.

    Attributes:
        cluster: lists the objects.
        inbox: where they become due.
        namespaces: watched ones; empty for all.
        seconds: period.
        random: spreads the objects over it.
    """

    cluster: Cluster
    inbox: Inbox
    namespaces: Sequence[str]
    seconds: float
    random: Random

    async def run(self) -> None:
        """List all objects and make them due, for ever."""
        spread = STARTUP_SPREAD
        while True:
            try:
                await self._enqueue_all(spread)
            except (Retryable, Refused) as error:
                logger.warning("objects not listed", extra={"cause": str(error)})
            await asyncio.sleep(self.seconds)
            spread = self.seconds

    async def _enqueue_all(self, spread: float) -> None:
        listed = {}
        for kind, resource in OWN_KINDS.items():
            for namespace in self.namespaces or ("",):
                for metadata in await self.cluster.list_metadata(resource, namespace):
                    key = Key(kind, metadata["namespace"], metadata["name"])
                    listed[key] = metadata["resourceVersion"]
        for key in listed:
            self.inbox.look_at(key, self.random.uniform(0, spread))
        self.inbox.watchdog.compare(listed, time.monotonic())


def label(key: Key) -> str:
    """Return a key for the log: `Kind/namespace/name`."""
    return f"{key.kind}/{key.namespace}/{key.name}"
