"""Many DriftMonitors trip at once: no more retrains than slots, and the rest explained.

`make test-fleet` lets a hundred trip, which takes some minutes.
"""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from support.apiserver import Object
from support.monitor_writer import evaluate
from support.operator_process import OperatorProcess
from support.scenario import NAME
from support.specs import dataset_spec
from support.tenant import Tenant
from support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.long]
SECONDS = 240.0
FLEET, SLOTS, FREED = int(os.environ.get("FLEET", "12")), 3, 6
WORSE = {"quality": "0.1"}
NAMES = [f"m-{number:03d}" for number in range(FLEET)]


def test_a_fleet_that_trips_at_once_starts_no_more_than_its_slots(
    tenant: Tenant,
    settings: dict[str, Any],
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> None:
    operator = start_operator(settings | {"retrain": {"maxConcurrent": SLOTS}})
    apply_fleet(tenant)
    wait_until(lambda: champions(tenant) == FLEET, SECONDS, interval=1, what="all serve")
    for name in NAMES:
        evaluate(tenant, name, WORSE)
    wait_until(lambda: outcomes(tenant).total() == FLEET, SECONDS, interval=1, what="all decided")
    assert outcomes(tenant) == {"Retrain RuleHolds": SLOTS, "Suppress FleetBusy": FLEET - SLOTS}
    assert all("may be active at once" in told for told in explanations(tenant))
    wait_until(lambda: len(verdict_runs(tenant)) == SLOTS, SECONDS, what="their runs start")

    most = SLOTS
    while (count := len(verdict_runs(tenant))) < SLOTS + FREED:
        tenant.act()
        wait_until(
            lambda count=count: len(verdict_runs(tenant)) > count,  # type: ignore[misc]
            SECONDS,
            what="a slot is taken",
        )
        most = max(most, sum(map(is_active, verdict_runs(tenant))))
    assert most <= SLOTS
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def apply_fleet(tenant: Tenant) -> None:
    tenant.apply("Dataset", NAME, dataset_spec())
    for name in NAMES:
        tenant.apply("Pipeline", name, {"datasetRef": {"name": NAME}})
        tenant.apply("Model", name, {"pipelineRef": {"name": name}})
        tenant.apply("DriftMonitor", name, {"modelRef": {"name": name}, "mode": "Act"})


def champions(tenant: Tenant) -> int:
    """Let the cluster act; return how many Models serve."""
    tenant.act()
    return sum("champion" in body.get("status", {}) for body in tenant.all("Model"))


def outcomes(tenant: Tenant) -> Counter[str]:
    """Return how often each outcome was decided last."""
    found = [body.get("status", {}).get("decision") for body in tenant.all("DriftMonitor")]
    return Counter(f"{item['outcome']} {item['reason']}" for item in found if item)


def explanations(tenant: Tenant) -> list[str]:
    """Return what those say that had to wait."""
    found = [body["status"]["decision"] for body in tenant.all("DriftMonitor")]
    return [item["message"] for item in found if item["reason"] == "FleetBusy"]


def verdict_runs(tenant: Tenant) -> list[Object]:
    return [run for run in tenant.all("PipelineRun") if run["spec"]["trigger"] == "Verdict"]


def is_active(run: Object) -> bool:
    return "completionTime" not in run.get("status", {})
