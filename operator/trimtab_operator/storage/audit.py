"""The audit chain: records appended one by one under write-once keys, each sealed to the last."""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from trimtab_operator.domain.plan import Record
from trimtab_operator.errors import RecordNotWritten
from trimtab_operator.storage.stores import Stores
from trimtab_stages.contract.audit import GENESIS, AuditObject, AuditRecord, hash_of, seal
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.store import ArtifactConflict, Store, StoreError, probe

logger = logging.getLogger(__name__)

CHAIN = "chain/"
REMEMBERED = 5000
"""Newest records whose causes are known; a cause is never repeated after so many others."""

Returned = TypeVar("Returned")


class Subject(Protocol):
    """The object that a record is about."""

    @property
    def kind(self) -> str:
        """Kind."""
        ...

    @property
    def namespace(self) -> str:
        """Namespace."""
        ...

    @property
    def name(self) -> str:
        """Name."""
        ...

    @property
    def uid(self) -> str:
        """Object uid."""
        ...

    @property
    def generation(self) -> int:
        """Generation that was acted on."""
        ...


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes, and what it is told.

    Attributes:
        actor: identity that records name.
        now: wall clock, UTC.
        epoch: transitions of the Lease.
        published_head: hash of the last record as the Lease has it, or None.
        publish: called with the hash of every new last record.
    """

    actor: str
    now: Callable[[], datetime]
    epoch: Callable[[], int]
    published_head: Callable[[], str | None]
    publish: Callable[[str], None]


class AuditChain:
    """Appends to the chain. One writer at a time; a second one is noticed by its keys.

    Args:
        stores: opens the audit store.
        executor: bounded threads; boto3 blocks.
        writer: who writes.
    """

    def __init__(self, stores: Stores, executor: Executor, writer: Writer) -> None:
        self._stores = stores
        self._executor = executor
        self._writer = writer
        self._lock = asyncio.Lock()
        self._is_open = False
        self._last: AuditRecord | None = None
        self._causes: OrderedDict[str, None] = OrderedDict()

    async def append(self, subject: Subject, record: Record) -> None:
        """Append a record, once per (action, cause, object uid).

        Raises:
            RecordNotWritten: the audit store does not answer, or refuses.
        """
        async with self._lock:
            try:
                await self._open()
                if _cause(record.action, record.cause, subject.uid) not in self._causes:
                    await self._append(self._draft(subject, record))
            except StoreError as error:
                raise RecordNotWritten(f"audit store: {error.message}") from error

    async def _open(self) -> None:
        """Read the newest records: their causes become known, the chain's end is checked."""
        if self._is_open:
            return
        store = await self._run(self._stores.of_audit)
        await self._run(lambda: probe(store, self._writer.actor.replace(":", "-")))
        records = await self._run(lambda: read_newest(store, REMEMBERED))
        for record in records:
            self._take(record)
        self._check(records)
        self._is_open = True
        if self._last is not None:
            self._writer.publish(self._last.hash)

    def _check(self, records: Iterable[AuditRecord]) -> None:
        """Log what is wrong with the chain; appending goes on, because evidence must not stop."""
        hashes = []
        previous: AuditRecord | None = None
        for record in records:
            if hash_of(record) != record.hash or (previous and record.previous != previous.hash):
                logger.error("audit chain is broken", extra={"sequence": record.sequence})
            hashes.append(record.hash)
            previous = record
        published = self._writer.published_head()
        if published is not None and published not in hashes:
            logger.error("audit chain is cut short", extra={"missing": published})

    async def _append(self, draft: AuditRecord) -> None:
        store = await self._run(self._stores.of_audit)
        identity = _cause(draft.action, draft.cause, draft.object.uid)
        while identity not in self._causes:
            self._take(await self._run(partial(_put_next, store, seal(draft, self._last))))
        if self._last is not None:
            self._writer.publish(self._last.hash)

    def _take(self, record: AuditRecord) -> None:
        self._last = record
        self._causes[_cause(record.action, record.cause, record.object.uid)] = None
        while len(self._causes) > REMEMBERED:
            self._causes.popitem(last=False)

    def _draft(self, subject: Subject, record: Record) -> AuditRecord:
        return AuditRecord(
            sequence=0,
            time=self._writer.now(),
            actor=self._writer.actor,
            action=record.action,
            object=AuditObject(
                kind=subject.kind,
                namespace=subject.namespace,
                name=subject.name,
                uid=subject.uid,
                generation=subject.generation,
            ),
            reason=record.reason,
            evidence=list(record.evidence),
            cause=record.cause,
            lease_epoch=self._writer.epoch(),
            previous=GENESIS,
            hash=GENESIS,
        )

    async def _run(self, call: Callable[[], Returned]) -> Returned:
        return await asyncio.get_running_loop().run_in_executor(self._executor, call)


def read_newest(store: Store, count: int) -> list[AuditRecord]:
    """Return the newest records of a chain in order; raises `StoreError`."""
    keys = [entry.key for entry in store.list(CHAIN)]
    return [AuditRecord.from_bytes(store.get(key)) for key in keys[-count:]]


def _put_next(store: Store, sealed: AuditRecord) -> AuditRecord:
    """Write a record at its place, or return the one that another writer has put there."""
    key = audit_record(sealed.sequence)
    try:
        store.put_if_absent(key, sealed.to_bytes())
    except ArtifactConflict:
        logger.warning("another writer has extended the audit chain", extra={"key": key})
        return AuditRecord.from_bytes(store.get(key))
    return sealed


def _cause(action: str, cause: str, uid: str) -> str:
    return digest_of([action, cause, uid])[:39]
