"""Windows of a DriftMonitor in a bucket, and what an operator decides and records of them."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from support.decisions import monitor, monitored_world, scene
from support.traffic import ServerPod, trained
from support.watching import NOW, look, serve_windows, target_of
from support.worlds import CREATED, later, model, version
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import EvaluatedWindow
from trimtab_operator.domain.plan import Record
from trimtab_operator.domain.window_decision import decide_next
from trimtab_operator.settings import Storage
from trimtab_operator.storage.audit import AuditChain, Writer
from trimtab_operator.storage.stores import Stores
from trimtab_operator.storage.window_entry import window_entry
from trimtab_stages.contract.audit import AuditObject
from trimtab_stages.store import LocalStore

AUDIT = "trimtab-audit"
Change = Callable[[DriftMonitor], DriftMonitor]


def drifting_windows(folder: Path, count: int) -> list[EvaluatedWindow]:
    """Serve and evaluate so many windows of `bikes`, of whose three features one has moved."""
    store = LocalStore(folder)
    with trained(store, folder.parent, "run-1") as made:
        serve_windows(ServerPod(store), made, count + 1, shift=0.5)
        progress = look(store, target_of(made), NOW + 999)
    assert len(progress.reports) == count
    return [EvaluatedWindow.model_validate(window_entry(one)) for one in progress.reports]


def decided_windows(
    windows: Sequence[EvaluatedWindow], folder: Path, *changes: Change, **spec: Any
) -> DriftMonitor:
    """Return a DriftMonitor that has decided these windows; `folder` has the audit bucket then.

    Args:
        windows: in order, one comes after the other was decided.
        folder: existing one.
        *changes: what is made of the object after each decision.
        **spec: other fields of its spec.
    """
    subject = monitor(window={"seconds": 600, "minSamples": 50, "minLabels": 50}, **spec)
    records: list[tuple[AuditObject, Record]] = []
    for number, window in enumerate(windows):
        evaluations = [*subject.status.evaluations, window]
        subject = _with_status(subject, evaluations=evaluations)
        world = monitored_world(model=model({"champion": version(digest=window.version)}))
        found = decide_next(scene(subject, world, later(number)))
        told = [action for action in found.actions if isinstance(action, Record)]
        records += [(_object(subject), record) for record in told]
        subject = subject.model_copy(update={"status": found.status})
        for change in changes[number : number + 1]:
            subject = change(subject)
    asyncio.run(_write(folder, records))
    return subject


def _with_status(subject: DriftMonitor, **update: Any) -> DriftMonitor:
    return subject.model_copy(update={"status": subject.status.model_copy(update=update)})


def _object(subject: DriftMonitor) -> AuditObject:
    metadata = subject.metadata
    return AuditObject(
        kind="DriftMonitor",
        namespace=metadata.namespace,
        name=metadata.name,
        uid=metadata.uid,
        generation=metadata.generation,
    )


async def _write(folder: Path, records: Iterable[tuple[AuditObject, Record]]) -> None:
    (folder / AUDIT).mkdir(exist_ok=True)
    with ThreadPoolExecutor(1) as executor:
        chain = AuditChain(Stores(Storage(path=folder)), executor, _writer())
        for about, record in records:
            await chain.append(about, record)


def _writer() -> Writer:
    told: list[str] = []
    return Writer(
        actor="operator",
        now=lambda: CREATED,
        epoch=lambda: 0,
        published_head=lambda: None,
        publish=told.append,
        report_fault=told.append,
    )
