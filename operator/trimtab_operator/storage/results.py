"""Reads what tenants' pods have committed. Every read is bounded, cached where it cannot change."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from pydantic import ValidationError

from trimtab_operator.domain.observed import StorageView
from trimtab_operator.storage.stores import Stores
from trimtab_stages.contract import layout
from trimtab_stages.contract.base import NewerSchemaError, StoredModel, digest_of_bytes
from trimtab_stages.contract.run import Commit, IngestCommit, Progress
from trimtab_stages.store import NotFound, Store, StoreError

logger = logging.getLogger(__name__)

REMEMBERED = 512
REACHABLE_SECONDS = 60.0
FAILED_SECONDS = 10.0

Format = TypeVar("Format", bound=StoredModel)
Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Probe:
    """What a namespace's store was like when it was last asked."""

    view: StorageView
    until: float


class Results:
    """Implements `cluster.gather.Results`.

    Commits are written once, so one that was read is kept. That there is none is never kept: a
    Job that is seen complete must find its commit. A store that failed is left alone for a few
    seconds, so that the objects of its namespace do not each wait for its timeout.

    Args:
        stores: opens stores.
        executor: bounded threads; boto3 blocks.
        clock: monotonic seconds.
    """

    def __init__(self, stores: Stores, executor: Executor, clock: Callable[[], float]) -> None:
        self._stores = stores
        self._executor = executor
        self._clock = clock
        self._probes: dict[str, Probe] = {}
        self._commits: OrderedDict[tuple[str, str], tuple[StoredModel, str]] = OrderedDict()

    async def view(self, namespace: str) -> StorageView:
        """Return what is known of the namespace's store."""
        known = self._probes.get(namespace)
        if known is None or known.until < self._clock():
            await self._ask(namespace, lambda store: store.exists("probe"), otherwise=False)
        return self._probes[namespace].view

    async def ingest_commit(self, namespace: str, dataset: str, ingest: str) -> IngestCommit | None:
        """Return the commit of an ingest, or None."""
        found = await self._commit(namespace, layout.ingest_commit(dataset, ingest), IngestCommit)
        return found[0] if found else None

    async def run_commit(self, namespace: str, run: str) -> tuple[Commit, str] | None:
        """Return the commit of a run and its digest, or None."""
        return await self._commit(namespace, layout.run_commit(run), Commit)

    async def progress(self, namespace: str, run: str) -> Progress | None:
        """Return the newest progress of the newest attempt, or None."""
        return await self._ask(namespace, lambda store: _newest_progress(store, run), None)

    async def _commit(
        self, namespace: str, key: str, wanted: type[Format]
    ) -> tuple[Format, str] | None:
        place = (namespace, key)
        known = self._commits.get(place)
        if known is not None and isinstance(known[0], wanted):
            self._commits.move_to_end(place)
            return known[0], known[1]
        data = await self._ask(namespace, lambda store: _get(store, key), None)
        if data is None:
            return None
        parsed = _parse(data, wanted, key)
        if parsed is None:
            return None
        self._remember(place, parsed, digest_of_bytes(data))
        return parsed, digest_of_bytes(data)

    def _remember(self, place: tuple[str, str], commit: StoredModel, digest: str) -> None:
        self._commits[place] = (commit, digest)
        while len(self._commits) > REMEMBERED:
            self._commits.popitem(last=False)

    async def _ask(self, namespace: str, read: Callable[[Store], Read], otherwise: Read) -> Read:
        """Read in a thread; a store's failure becomes the namespace's view."""
        known = self._probes.get(namespace)
        if known is not None and not known.view.reachable and self._clock() < known.until:
            return otherwise
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._executor, lambda: read(self._stores.of_namespace(namespace))
            )
        except StoreError as error:
            if not error.retryable:
                self._stores.forget(namespace)
            view = StorageView(
                configured=True, reachable=False, reason=error.reason, message=error.message
            )
            self._probes[namespace] = Probe(view, self._clock() + FAILED_SECONDS)
            return otherwise
        self._probes[namespace] = Probe(
            StorageView(configured=True), self._clock() + REACHABLE_SECONDS
        )
        return found


def _get(store: Store, key: str) -> bytes | None:
    try:
        return store.get(key)
    except NotFound:
        return None


def _parse(data: bytes, wanted: type[Format], key: str) -> Format | None:
    """Parse a stored object; one that cannot be read counts as absent and is logged."""
    try:
        return wanted.from_bytes(data)
    except (NewerSchemaError, ValidationError, ValueError) as error:
        logger.warning("stored object not readable", extra={"key": key, "cause": str(error)})
        return None


def _newest_progress(store: Store, run: str) -> Progress | None:
    """Return the last report of the newest attempt that has reported."""
    prefix = layout.attempts_prefix(run)
    keys = [entry.key for entry in store.list(prefix) if "/progress/" in entry.key]
    if not keys:
        return None
    last = max(keys, key=lambda key: _attempt_order(key.removeprefix(prefix)))
    return _parse(store.get(last), Progress, last)


def _attempt_order(rest: str) -> tuple[int, str]:
    """Order `<attempt>/progress/<count>.json` by attempt as a number, then by count."""
    attempt, _, report = rest.partition("/")
    return (int(attempt) if attempt.isdigit() else -1, report)
