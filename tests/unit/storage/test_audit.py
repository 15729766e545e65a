import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from unittest import TestCase

import pytest

from trimtab_operator.cluster.events import Subject
from trimtab_operator.domain.plan import Record
from trimtab_operator.errors import RecordNotWritten
from trimtab_operator.settings import Storage
from trimtab_operator.storage.audit import AuditChain, Writer
from trimtab_operator.storage.stores import Stores
from trimtab_stages.contract.audit import AuditAction, AuditRecord, verify
from trimtab_stages.contract.layout import audit_record
from trimtab_stages.store import LocalStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
RUN = Subject("trimtab.dev/v1alpha1", "Pipeline", "ns", "p", "uid-1", 3)
OTHER = Subject("trimtab.dev/v1alpha1", "Pipeline", "ns", "q", "uid-2", 1)


def started(cause: str) -> Record:
    return Record(AuditAction.RUN_STARTED, f"because of {cause}", cause)


class Operator:
    """One process that writes to the chain of a directory."""

    def __init__(self, folder: Path, head: str | None = None) -> None:
        self.heads: list[str] = []
        self.faults: list[str] = []
        writer = Writer(
            actor="operator",
            now=lambda: NOW,
            epoch=lambda: 4,
            published_head=lambda: head,
            publish=self.heads.append,
            report_fault=self.faults.append,
        )
        stores = Stores(Storage(path=folder))
        self.chain = AuditChain(stores, ThreadPoolExecutor(2), writer)

    def append(self, *records: tuple[Subject, Record]) -> None:
        async def all_at_once() -> None:
            await asyncio.gather(*(self.chain.append(*record) for record in records))

        asyncio.run(all_at_once())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "trimtab-audit").mkdir()
    return tmp_path


def read(folder: Path) -> list[AuditRecord]:
    store = LocalStore(folder / "trimtab-audit")
    return [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]


def test_records_form_a_chain(folder: Path) -> None:
    operator = Operator(folder)
    operator.append((RUN, started("a")), (RUN, started("b")), (OTHER, started("a")))
    chain = read(folder)
    assert [(record.object.name, record.cause) for record in chain] == [
        ("p", "a"),
        ("p", "b"),
        ("q", "a"),
    ]
    assert verify(chain, operator.heads[-1]) is None
    assert {record.lease_epoch for record in chain} == {4}
    assert chain[0].object.generation == 3


def test_the_same_cause_is_recorded_once(folder: Path) -> None:
    operator = Operator(folder)
    for _ in range(3):
        operator.append((RUN, started("a")))
    assert len(read(folder)) == 1


def test_a_new_process_knows_what_was_recorded(folder: Path) -> None:
    Operator(folder).append((RUN, started("a")), (RUN, started("b")))
    again = Operator(folder)
    again.append((RUN, started("b")), (RUN, started("c")))
    chain = read(folder)
    assert [record.cause for record in chain] == ["a", "b", "c"]
    assert verify(chain) is None


def test_two_writers_do_not_fork_the_chain(folder: Path) -> None:
    first, second = Operator(folder), Operator(folder)
    first.append((RUN, started("a")))
    second.append((RUN, started("b")))
    first.append((RUN, started("b")))
    first.append((RUN, started("c")))
    second.append((RUN, started("d")))
    chain = read(folder)
    assert [record.cause for record in chain] == ["a", "b", "c", "d"]
    assert verify(chain) is None


def test_without_a_store_nothing_is_recorded_and_it_says_so(tmp_path: Path) -> None:
    with pytest.raises(RecordNotWritten, match="trimtab-audit"):
        Operator(tmp_path).append((RUN, started("a")))


def test_it_goes_on_when_the_store_comes_back(tmp_path: Path) -> None:
    operator = Operator(tmp_path)
    with pytest.raises(RecordNotWritten):
        operator.append((RUN, started("a")))
    (tmp_path / "trimtab-audit").mkdir()
    operator.append((RUN, started("a")))
    assert len(read(tmp_path)) == 1


def drop_last(store: LocalStore) -> None:
    store.delete(audit_record(2))


def change_one(store: LocalStore) -> None:
    record = AuditRecord.from_bytes(store.get(audit_record(1)))
    store.delete(audit_record(1))
    changed = record.model_copy(update={"reason": "another"})
    store.put_if_absent(audit_record(1), changed.to_bytes())


@pytest.mark.parametrize(
    ("tamper", "said", "fault"),
    [
        pytest.param(
            drop_last, "audit chain is cut short", "CutShort", id="the last record was removed"
        ),
        pytest.param(change_one, "audit chain is broken", "Broken", id="a record was changed"),
    ],
)
def test_tampering_is_logged_at_start_and_recording_goes_on(
    folder: Path,
    tamper: Callable[[LocalStore], None],
    said: str,
    fault: str,
) -> None:
    operator = Operator(folder)
    operator.append(*((RUN, started(cause)) for cause in "abc"))
    tamper(LocalStore(folder / "trimtab-audit"))
    again = Operator(folder, head=operator.heads[-1])
    with TestCase().assertLogs(level=logging.ERROR) as logged:
        again.append((RUN, started("d")))
    assert said in "\n".join(logged.output)
    assert fault in again.faults
    assert read(folder)[-1].cause == "d"
