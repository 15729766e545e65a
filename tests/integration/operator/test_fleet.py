"""Many DriftMonitors trip at once: no more retrains than slots, and the rest explained.

`make test-fleet` lets a hundred trip, which takes some minutes.
"""

import os
from collections.abc import Callable
from typing import Any

import pytest

from support.apiserver import Object
from support.fleet import apply_fleet, champions, names_of, outcomes, trip
from support.operator_process import OperatorProcess
from support.tenant import Tenant
from support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.long]
SECONDS = 240.0
FLEET, SLOTS, FREED = int(os.environ.get("FLEET", "12")), 3, 6
NAMES = names_of(FLEET)


def test_a_fleet_that_trips_at_once_starts_no_more_than_its_slots(
    tenant: Tenant,
    settings: dict[str, Any],
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> None:
    operator = start_operator(settings | {"retrain": {"maxConcurrent": SLOTS}})
    apply_fleet(tenant, NAMES)
    wait_until(lambda: champions(tenant) == FLEET, SECONDS, interval=1, what="all serve")
    trip(tenant, NAMES)
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


def explanations(tenant: Tenant) -> list[str]:
    """Return what those say that had to wait."""
    found = [body["status"]["decision"] for body in tenant.all("DriftMonitor")]
    return [item["message"] for item in found if item["reason"] == "FleetBusy"]


def verdict_runs(tenant: Tenant) -> list[Object]:
    return [run for run in tenant.all("PipelineRun") if run["spec"]["trigger"] == "Verdict"]


def is_active(run: Object) -> bool:
    return "completionTime" not in run.get("status", {})
