"""The audit chain: records appended one by one under write-once keys, each sealed to the last."""

import asyncio
import contextlib
import logging
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, TypeVar

from trimtab_operator.domain.plan import Record
from trimtab_operator.errors import RecordNotWritten
from trimtab_operator.storage.audit_keys import newest_keys
from trimtab_operator.storage.stores import Stores
from trimtab_stages.contract.audit import GENESIS, AuditObject, AuditRecord, hash_of, seal
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.store import (
    ArtifactConflict,
    ConditionalWriteUnsupported,
    Store,
    StoreError,
)

logger = logging.getLogger(__name__)

PROBE = "probes/audit"
CHUNK = 64
REMEMBERED = 5000
"""Newest records whose causes are known: what a kill makes an operator do again is among them."""

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
        report_fault: called for each fault of the chain that was found: Broken or CutShort.
    """

    actor: str
    now: Callable[[], datetime]
    epoch: Callable[[], int]
    published_head: Callable[[], str | None]
    publish: Callable[[str], None]
    report_fault: Callable[[str], None]


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
                if not error.retryable:
                    self._stores.forget_audit()
                raise RecordNotWritten(f"audit store: {error.message}") from error

    async def _open(self) -> None:
        """Read the newest records: their causes become known, the chain's end is checked."""
        if self._is_open:
            return
        store = await self._run(self._stores.of_audit)
        await self._run(partial(check_write_once, store, self._writer.actor))
        keys = await self._run(partial(newest_keys, store, REMEMBERED))
        self._last = None
        hashes = set()
        for start in range(0, len(keys), CHUNK):
            reads = [self._run(partial(store.get, key)) for key in keys[start : start + CHUNK]]
            for record in map(AuditRecord.from_bytes, await asyncio.gather(*reads)):
                self._check_link(record)
                hashes.add(record.hash)
                self._take(record)
        published = self._writer.published_head()
        if published is not None and published not in hashes:
            logger.error("audit chain is cut short", extra={"missing": published})
            self._writer.report_fault("CutShort")
        self._is_open = True
        if self._last is not None:
            self._writer.publish(self._last.hash)

    def _check_link(self, record: AuditRecord) -> None:
        """Report a broken link; appending goes on, because evidence must not stop."""
        broken = self._last is not None and record.previous != self._last.hash
        if broken or hash_of(record) != record.hash:
            logger.error("audit chain is broken", extra={"sequence": record.sequence})
            self._writer.report_fault("Broken")

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


def check_write_once(store: Store, token: str) -> None:
    """Write two contents under one key; the second must be refused. Nothing is deleted.

    Raises:
        ConditionalWriteUnsupported: the store overwrote the object.
        StoreError: it cannot be reached or written.
    """
    with contextlib.suppress(ArtifactConflict):
        store.put_if_absent(PROBE, f"first {token}".encode())
    with contextlib.suppress(ArtifactConflict):
        store.put_if_absent(PROBE, f"second {token}".encode())
        raise ConditionalWriteUnsupported(store.location)


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
