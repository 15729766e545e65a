"""The monitor's process: from what servers wrote to the reports, the status and the metrics."""

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import numpy as np
import pytest

from support.operator_process import OperatorProcess
from support.tenant import Tenant
from support.traffic import MODEL, ServerPod, Trained, instant, normal_rows
from support.waiting import wait_until
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.monitor.object_cache import ObjectCache
from trimtab_operator.monitor.targets import Target, TrainedVersion
from trimtab_operator.monitor.watch import Watch
from trimtab_stages.contract import layout
from trimtab_stages.contract.monitoring import Evaluation, MonitorSpec

pytestmark = [pytest.mark.integration, pytest.mark.long]

SECONDS = 60.0
WINDOW = {"seconds": 600, "minSamples": 50, "minLabels": 50}
T0 = 1_700_000_400.0
NAME = "watch"

StartMonitor = Callable[[], OperatorProcess]


def arrival() -> float:
    """Return an arrival so long ago that all servers have flushed since."""
    return datetime.now(UTC).timestamp() - 600


def apply_objects(tenant: Tenant, champion: Trained) -> None:
    """Apply a Model whose champion serves since an hour ago, and a DriftMonitor."""
    spec = {"pipelineRef": {"name": "bikes"}, "capture": {"paneSeconds": 60, "flushSeconds": 1}}
    tenant.apply("Model", MODEL, spec)
    since = datetime.now(UTC) - timedelta(hours=1)
    status = {"champion": champion.status(since)}
    tenant.server.merge(f"{tenant.path('Model', MODEL)}/status", {"status": status})
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": MODEL}, "window": WINDOW})


def serve_windows(pod: ServerPod, champion: Trained, numbers: range, received: float) -> None:
    """Serve windows of 300 rows one after the other; half of the labels of each come back."""
    for number in numbers:
        for minute in range(10):
            rows = normal_rows(30, seed=100 * number + minute, shift=0.2 * number)
            name, event = f"w{number}-{minute}", T0 + 600 * number + 60 * minute
            arrived = received + number + minute / 20
            decided = pod.answer(champion, name, rows, event=event, received=arrived)
            if minute % 2:
                names = np.array(["calm", "busy"])[decided].tolist()
                pod.label(name, names, received=arrived + 0.01)
        pod.flush()


def status_of(tenant: Tenant) -> dict[str, Any]:
    found: dict[str, Any] = tenant.get("DriftMonitor", NAME).get("status", {})
    return found


def evaluated(tenant: Tenant) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = status_of(tenant).get("evaluations", [])
    return found


def reports(tenant: Tenant) -> dict[str, bytes]:
    keys = [entry.key for entry in tenant.store.list(f"monitoring/{NAME}/")]
    return {key: tenant.store.get(key) for key in keys if layout.is_evaluation(key)}


def has_reports(tenant: Tenant, count: int) -> bool:
    return len(reports(tenant)) >= count


def undisturbed(tenant: Tenant, champion: Trained) -> dict[str, bytes]:
    """Return what is written by nobody else, reports taken away before and after."""
    for key in reports(tenant):
        tenant.store.delete(key)
    since = datetime.now(UTC) - timedelta(hours=1)
    target = Target(
        namespace=tenant.name,
        name=NAME,
        uid="u",
        model=MODEL,
        policy=MonitorSpec.model_validate({"window": WINDOW}),
        versions=(TrainedVersion(champion.digest, champion.run, since),),
        flush_seconds=1,
        evaluated_through=None,
        signals=(),
        evaluations=(),
    )
    watch, more = Watch(target, ObjectCache()), True
    while more:
        more = watch.look(tenant.store, target, datetime.now(UTC), everything=True).more
    written = reports(tenant)
    for key in written:
        tenant.store.delete(key)
    return written


def test_closed_windows_come_into_reports_status_and_metrics(
    tenant: Tenant, champion: Trained, start_monitor: StartMonitor
) -> None:
    apply_objects(tenant, champion)
    monitor = start_monitor()
    pod = ServerPod(tenant.store)
    serve_windows(pod, champion, range(3), arrival())
    wait_until(lambda: len(evaluated(tenant)) == 2, SECONDS, what="two windows")

    body = tenant.get("DriftMonitor", NAME)
    status = DriftMonitor.model_validate(
        {name: body[name] for name in ("metadata", "spec", "status")}
    ).status
    assert status.evaluated_through == instant(T0 + 1200)
    newest = status.evaluations[-1]
    assert (newest.start, newest.end) == (instant(T0 + 600), instant(T0 + 1200))
    assert (newest.rows, newest.labels, newest.lost) == (300, 150, 0)
    assert newest.version == champion.digest
    assert [one.name for one in status.signals] == ["faults", "inputs", "outputs", "quality"]
    report = Evaluation.from_bytes(tenant.store.get(newest.report.key))
    assert len(tenant.store.get(newest.report.key)) == newest.report.size
    values = {one.name: one.value for one in report.signals}
    assert {one.name: float(one.value or 0) for one in status.signals} == pytest.approx(
        values, abs=1e-6
    )

    labels = f'{{model="{MODEL}",monitor="{NAME}",namespace="{tenant.name}"}}'
    assert monitor.metric(f"trimtab_drift_window_samples{labels}") == 300
    assert monitor.metric(f"trimtab_label_coverage_ratio{labels}") == 0.5
    feature = labels.replace("{model", '{feature="f0",model')
    shown = monitor.metric(f"trimtab_drift_wasserstein_distance{feature}")
    assert shown == pytest.approx(next(f.wasserstein for f in report.features if f.feature == "f0"))
    results = f'{{monitor="{NAME}",namespace="{tenant.name}",result="error"}}'
    assert monitor.metric(f"trimtab_drift_evaluations_total{results}") == 0
    assert monitor.metric("trimtab_monitor_oldest_due_seconds") is not None
    assert monitor.health() == "ok"

    tenant.server.request("DELETE", tenant.path("DriftMonitor", NAME))
    wait_until(
        lambda: monitor.metric(f"trimtab_drift_window_samples{labels}") is None,
        SECONDS,
        what="the series end with the object",
    )


def test_values_of_too_small_windows_are_nan(
    tenant: Tenant, champion: Trained, start_monitor: StartMonitor
) -> None:
    apply_objects(tenant, champion)
    pod, received = ServerPod(tenant.store), arrival()
    pod.answer(champion, "r", normal_rows(20), event=T0 + 1, received=received)
    pod.flush()
    serve_windows(pod, champion, range(1, 2), received)
    monitor = start_monitor()
    wait_until(lambda: len(evaluated(tenant)) == 1, SECONDS, what="a window")
    labels = f'{{model="{MODEL}",monitor="{NAME}",namespace="{tenant.name}",signal="inputs"}}'
    share = wait_until(lambda: monitor.metric(f"trimtab_drift_share{labels}"), SECONDS)
    assert math.isnan(share)


@pytest.mark.parametrize("kills", [1, 3])
def test_a_monitor_that_is_killed_leaves_the_same_reports(
    tenant: Tenant, champion: Trained, start_monitor: StartMonitor, kills: int
) -> None:
    serve_windows(ServerPod(tenant.store), champion, range(9), arrival())
    expected = undisturbed(tenant, champion)
    assert len(expected) == 8

    monitor = start_monitor()
    apply_objects(tenant, champion)
    for number in range(1, kills + 1):
        # In the middle of a portion: so many reports are written, the status knows none of them.
        wait_until(partial(has_reports, tenant, number), SECONDS, interval=0.001)
        monitor.kill()
        tenant.server.free_lease(f"lease-{tenant.name}")
        monitor.start()
    wait_until(lambda: len(evaluated(tenant)) == 8, SECONDS, what="all windows")
    assert reports(tenant) == expected
    keys = [one["report"]["key"] for one in evaluated(tenant)]
    assert keys == sorted(expected)


def test_a_standby_takes_over(
    tenant: Tenant, champion: Trained, start_monitor: StartMonitor
) -> None:
    apply_objects(tenant, champion)
    pod, received = ServerPod(tenant.store), arrival()
    serve_windows(pod, champion, range(2), received)
    first = start_monitor()
    wait_until(lambda: len(evaluated(tenant)) == 1, SECONDS, what="the first window")
    first.kill()
    serve_windows(pod, champion, range(2, 4), received)
    second = start_monitor()
    wait_until(lambda: len(evaluated(tenant)) == 3, SECONDS, what="the others")
    lines = [line for line in second.lines() if line["message"] == "window evaluated"]
    assert len(lines) == 2, "what the first one has done is not done again"


def test_the_operators_part_of_the_status_is_left_alone(
    tenant: Tenant, champion: Trained, start_monitor: StartMonitor
) -> None:
    apply_objects(tenant, champion)
    pod, received = ServerPod(tenant.store), arrival()
    serve_windows(pod, champion, range(2), received)
    start_monitor()
    wait_until(lambda: len(evaluated(tenant)) == 1, SECONDS, what="the first window")
    decided = {"observedGeneration": 1, "breaker": {"failures": 2}}
    body = {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": "DriftMonitor",
        "metadata": {"name": NAME, "namespace": tenant.name},
        "status": decided,
    }
    tenant.server.apply(f"{tenant.path('DriftMonitor', NAME)}/status", body, "trimtab-operator")
    serve_windows(pod, champion, range(2, 3), received)
    wait_until(lambda: len(evaluated(tenant)) == 2, SECONDS, what="the second window")
    status = status_of(tenant)
    assert status["breaker"]["failures"] == 2
    managers = {
        field["manager"]: json.dumps(field["fieldsV1"])
        for field in tenant.get("DriftMonitor", NAME)["metadata"]["managedFields"]
        if field.get("subresource") == "status"
    }
    assert "f:evaluations" in managers["trimtab-monitor"]
    assert "f:breaker" not in managers["trimtab-monitor"]
