"""A monitor's process that dies at each of its writes comes to the same verdicts.

It stands between a real API server and a real S3 server. Each write kills it twice: before it is
carried out, and when it is tried again, before its answer. So each kill is there that can be told
from others: those between two writes leave what one before the second leaves.
"""

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import MONITOR_ACCOUNT, SYSTEM, ApiServer
from support.eventful_traffic import (
    CLOSED,
    LABELLED,
    LABELLED_LAST,
    LOST,
    LOST_ROWS,
    WINDOW,
    Objects,
    put_all,
    record_days,
)
from support.interrupting_proxy import Proxy, run_proxy, run_store_proxy
from support.operator_process import OperatorProcess, monitor_settings
from support.s3 import S3Server, write_storage_directory
from support.struck_writes import Chosen, Moment, Strikes, always, never
from support.tenant import Tenant
from support.traffic import MODEL, Trained, trained
from support.waiting import wait_until
from trimtab_stages.contract.base import digest_of_bytes
from trimtab_stages.store import LocalStore, S3Store

pytestmark = [pytest.mark.integration, pytest.mark.long]

SECONDS = 60.0
NAME = "watch"


@dataclass(frozen=True)
class Recorded:
    """What servers have written until now, what they write later, and the two versions."""

    rows: Sequence[Objects]
    labels: Objects
    champion: Trained
    challenger: Trained
    since: datetime


@dataclass(frozen=True)
class EndState:
    """What two lives of the same traffic must have in common."""

    windows: dict[str, Any]
    evidence: dict[str, Any]
    reports: dict[str, str]
    writes: Counter[str]


@pytest.fixture
def recorded(tmp_path: Path) -> Recorded:
    (tmp_path / "recorded").mkdir()
    store = LocalStore(tmp_path / "recorded")
    # The days before yesterday are read one by one, so that the status is written more than once.
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    begin = midnight - timedelta(days=3) + timedelta(hours=6)
    with (
        trained(store, tmp_path, "run-1") as champion,
        trained(store, tmp_path, "run-22", sign=-1.0) as challenger,
    ):
        *rows, labels = record_days(store, champion, challenger, begin.timestamp())
    return Recorded(rows, labels, champion, challenger, midnight - timedelta(days=4))


def test_it_ends_the_same_when_it_dies_at_every_write(
    api_server: ApiServer, s3_server: S3Server, recorded: Recorded, tmp_path: Path
) -> None:
    undisturbed, deaths = live(api_server, s3_server, recorded, tmp_path / "calm", never)
    assert deaths == 0
    check_all_was_counted(undisturbed)
    disturbed, deaths = live(api_server, s3_server, recorded, tmp_path / "deadly", always)
    assert disturbed == undisturbed
    assert deaths == len(Moment) * undisturbed.writes.total()


def check_all_was_counted(end: EndState) -> None:
    """See that the traffic has shown all that could get lost or be counted twice."""
    evaluations = end.windows["evaluations"]
    assert len(evaluations) == CLOSED
    assert sum(one["lost"] for one in evaluations) == len(LOST)
    assert sum(one["lostRows"] for one in evaluations) == LOST_ROWS
    assert end.evidence["labelled"] == LABELLED_LAST
    kinds = Counter(place.split("/")[-1] for place in end.writes)
    assert kinds["status"] == 2, "of the DriftMonitor and of the Model"
    assert all(count == 2 for place, count in end.writes.items() if place.endswith("/status"))
    # Reports and merged panes of two windows, and their policy.
    assert len(end.reports) == end.writes.total() - 4 == 2 * CLOSED + 1


def live(
    server: ApiServer, s3: S3Server, recorded: Recorded, folder: Path, chosen: Chosen
) -> tuple[EndState, int]:
    """Live through the traffic; return the end and how often the monitor died."""
    folder.mkdir()
    name = f"k-{uuid.uuid4().hex[:8]}"
    bucket = s3.create_bucket(f"trimtab-{name}")
    tenant = Tenant(server, server.create_namespace(name), S3Store(bucket))
    credentials = write_storage_directory(bucket, folder / "credentials")
    for objects in recorded.rows:
        put_all(tenant.store, objects)
    apply_objects(tenant, recorded)
    strikes = Strikes(chosen)
    with run_proxy(server, strikes) as api, run_store_proxy(s3, strikes) as store:
        settings = settings_of(tenant, store, credentials)
        kubeconfig = api.kubeconfig(server.operator_kubeconfig(MONITOR_ACCOUNT))
        monitor = OperatorProcess(
            settings, folder, kubeconfig, "trimtab_operator.monitor", is_warm=chosen is not never
        )
        strikes.kill = monitor.kill
        monitor.start()
        try:
            live_until(monitor, tenant, strikes, LABELLED)
            put_all(tenant.store, recorded.labels)
            live_until(monitor, tenant, strikes, LABELLED_LAST)
        finally:
            monitor.stop()
    return end_state(tenant, strikes), strikes.struck


def apply_objects(tenant: Tenant, recorded: Recorded) -> None:
    """Apply a Model with a challenger in the shadow, and its DriftMonitor."""
    champion, challenger, since = recorded.champion, recorded.challenger, recorded.since
    capture = {"paneSeconds": 60, "flushSeconds": 1}
    spec = {"pipelineRef": {"name": "bikes"}, "capture": capture, "rollout": {}}
    tenant.apply("Model", MODEL, spec)
    status = {
        "champion": champion.status(since),
        "challenger": challenger.status(since),
        "rollout": {"digest": challenger.digest, "stage": "Shadow", "state": "Progressing"},
    }
    tenant.server.merge(f"{tenant.path('Model', MODEL)}/status", {"status": status})
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": MODEL}, "window": WINDOW})


def settings_of(tenant: Tenant, store: Proxy, credentials: Path) -> dict[str, Any]:
    storage = {"endpoint": store.url, "credentialsDir": str(credentials)}
    lease = {"name": tenant.name, "namespace": SYSTEM, "seconds": 6}
    return monitor_settings(storage, namespaces=[tenant.name], lease=lease)


def live_until(monitor: OperatorProcess, tenant: Tenant, strikes: Strikes, labelled: int) -> None:
    """Start the monitor again and again until all is told and a process lives that knows it."""
    what = f"{labelled} labels are told; see {monitor.log}"
    while (
        wait_until(lambda: outcome(monitor, tenant, strikes, labelled), SECONDS, what=what)
        != "settled"
    ):
        tenant.server.free_lease(tenant.name)
        monitor.start()


def outcome(monitor: OperatorProcess, tenant: Tenant, strikes: Strikes, labelled: int) -> str:
    """Return `dead`, or `settled` once all is told and nobody dies of it; empty before."""
    windows, evidence = windows_of(tenant), evidence_of(tenant)
    is_told = len(windows.get("evaluations", ())) == CLOSED
    is_told = is_told and evidence.get("labelled") == labelled
    # What is told has begun to be written before: its strikes are over when no write is under way.
    if not strikes.is_quiet:
        return ""
    if monitor.ended():
        return "dead"
    return "settled" if is_told and has_looked(monitor, tenant) else ""


def has_looked(monitor: OperatorProcess, tenant: Tenant) -> bool:
    labels = f'{{model="{MODEL}",monitor="{NAME}",namespace="{tenant.name}"}}'
    return monitor.metric(f"trimtab_drift_window_samples{labels}") is not None


def windows_of(tenant: Tenant) -> dict[str, Any]:
    """Return what the monitor has written into the DriftMonitor's status."""
    status = tenant.get("DriftMonitor", NAME).get("status", {})
    names = ("evaluatedThrough", "signals", "evaluations")
    return {name: status[name] for name in names if name in status}


def evidence_of(tenant: Tenant) -> dict[str, Any]:
    found: dict[str, Any] = tenant.get("Model", MODEL)["status"]["rollout"].get("evidence", {})
    return found


def end_state(tenant: Tenant, strikes: Strikes) -> EndState:
    store = tenant.store
    return EndState(
        windows=windows_of(tenant),
        evidence=evidence_of(tenant),
        reports={
            entry.key: digest_of_bytes(store.get(entry.key)) for entry in store.list("monitoring/")
        },
        writes=Counter(write.place.replace(tenant.name, "tenant") for write in strikes.done),
    )
