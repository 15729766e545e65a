"""The operator is away while thirty windows close: each of them is decided when it is back."""

import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.apiserver import ApiServer
from support.operator_process import (
    monitor_settings,
    operator_settings,
    run_monitor,
    run_operator,
)
from support.tenant import Tenant, local_tenant
from support.traffic import MODEL, ServerPod, Trained, normal_rows, trained
from support.waiting import wait_until
from trimtab_operator.api.monitor_status import WINDOWS as KEPT
from trimtab_stages.contract.audit import AuditRecord
from trimtab_stages.store import LocalStore

pytestmark = pytest.mark.integration

SECONDS = 120.0
NAME = "watch"
T0 = 1_700_000_400.0
"""Begin of a window, event time; a multiple of 600."""
WINDOWS, FAULTY = 30, 7
SPEC: dict[str, Any] = {
    "modelRef": {"name": MODEL},
    "window": {"seconds": 600, "minSamples": 50, "minLabels": 50},
    # Nothing looks back, so the status fills up.
    "guards": {"cooldownWindows": 0},
    "rules": [
        {"name": "broken", "signal": "faults", "value": "0", "outcome": "HoldRetraining"},
        # Asks for a person in every window, so that every window is recorded.
        {
            "name": "always",
            "signal": "inputs",
            "operator": "AtLeast",
            "value": "0",
            "outcome": "Alert",
        },
    ],
}


def apply_objects(tenant: Tenant, champion: Trained) -> None:
    """Apply a Model whose champion serves since an hour ago, and a DriftMonitor."""
    spec = {"pipelineRef": {"name": "bikes"}, "capture": {"paneSeconds": 60, "flushSeconds": 1}}
    tenant.apply("Model", MODEL, spec)
    status = {"champion": champion.status(datetime.now(UTC) - timedelta(hours=1))}
    tenant.server.merge(f"{tenant.path('Model', MODEL)}/status", {"status": status})
    tenant.apply("DriftMonitor", NAME, SPEC)


def serve(tenant: Tenant, champion: Trained) -> None:
    """Answer one window more than are judged; in one of them every row is sent twice."""
    pod, received = ServerPod(tenant.store), datetime.now(UTC).timestamp() - 600
    for number in range(WINDOWS + 1):
        rows, event = normal_rows(60, seed=number), T0 + 600 * number + 10 * np.arange(60)
        for again in range(2 if number == FAULTY else 1):
            arrived = received + number + again / 10
            pod.answer(champion, f"w{number}-{again}", rows, event=event, received=arrived)
        pod.flush()


def recorded(folder: Path) -> list[tuple[str, str]]:
    """Return action and window of every recorded decision, in order."""
    store = LocalStore(folder / "trimtab-audit")
    chain = [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]
    told = [(one.action, one.reason.partition("window until ")[2][:20]) for one in chain]
    return [(action, end) for action, end in told if end]


def evaluated(tenant: Tenant) -> int:
    return len(tenant.get("DriftMonitor", NAME).get("status", {}).get("evaluations", []))


def test_every_window_of_an_outage_is_decided_in_order(
    api_server: ApiServer, tmp_path: Path
) -> None:
    buckets = tmp_path / "buckets"
    (buckets / "trimtab-audit").mkdir(parents=True)
    tenant = local_tenant(api_server, buckets, f"o-{uuid.uuid4().hex[:8]}")
    names, storage = [tenant.name], {"path": str(buckets)}
    lease = {"name": tenant.name, "namespace": "trimtab-system", "seconds": 6}
    watching = monitor_settings(storage, namespaces=names, lease=lease)
    with trained(tenant.store, tmp_path, "run-1") as champion:
        serve(tenant, champion)
        apply_objects(tenant, champion)
    with run_monitor(api_server, tmp_path / "monitor", watching):
        wait_until(lambda: evaluated(tenant) == KEPT, SECONDS, what="the status is full")
        settings = operator_settings(storage, namespaces=names)
        with run_operator(api_server, tmp_path / "operator", settings):
            wait_until(lambda: len(recorded(buckets)) >= WINDOWS, SECONDS, what="all are decided")

    ends = [datetime.fromtimestamp(T0 + 600 * number, UTC) for number in range(1, WINDOWS + 1)]
    expected = {FAULTY: "RetrainingHeld"}
    assert recorded(buckets) == [
        (expected.get(number, "AlertRaised"), end.strftime("%Y-%m-%dT%H:%M:%SZ"))
        for number, end in enumerate(ends)
    ]
