"""Many DriftMonitors trip at once: no more retrains than slots, and the rest explained.

`make test-fleet` lets a hundred trip, which takes some minutes.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest

from support.apiserver import Call, Object
from support.fleet import apply_fleet, champions, fleet_settings, names_of, outcomes, serving, trip
from support.operator_process import OperatorProcess
from support.tenant import Tenant
from support.waiting import wait_until

pytestmark = [pytest.mark.integration, pytest.mark.long]
SECONDS = 240.0
FLEET, SLOTS, FREED = int(os.environ.get("FLEET", "12")), 3, 6
NAMES = names_of(FLEET)


@pytest.fixture
def fleet_operator(
    tenant: Tenant,
    settings: dict[str, Any],
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> Iterator[OperatorProcess]:
    """A running operator of a fleet whose Models all serve."""
    operator = start_operator(fleet_settings(settings, SLOTS))
    with serving(tenant, NAMES):
        apply_fleet(tenant, NAMES)
        wait_until(lambda: champions(tenant) == FLEET, SECONDS, interval=1, what="all serve")
        wait_until(operator.is_idle, SECONDS, what="nothing is due")
        yield operator


def test_a_fleet_that_trips_at_once_starts_no_more_than_its_slots(
    tenant: Tenant, fleet_operator: OperatorProcess
) -> None:
    before = len(tenant.server.operator_calls())
    trip(tenant, NAMES)
    wait_until(lambda: outcomes(tenant).total() == FLEET, SECONDS, interval=1, what="all decided")
    assert whole_lists(tenant.server.operator_calls()[before:]) < FLEET
    assert outcomes(tenant) == {"Retrain RuleHolds": SLOTS, "Suppress FleetBusy": FLEET - SLOTS}
    assert all("may be active at once" in told for told in explanations(tenant))
    wait_until(lambda: len(verdict_runs(tenant)) == SLOTS, SECONDS, what="their runs start")

    active: list[int] = []

    def go_on() -> bool:
        """Let the cluster act: a run that has just started may have no Job to end yet."""
        tenant.act()
        runs = verdict_runs(tenant)
        active.append(sum(map(is_active, runs)))
        return len(runs) >= SLOTS + FREED

    wait_until(go_on, SECONDS, interval=1, what=f"{FREED} slots are taken")
    assert max(active) <= SLOTS
    assert fleet_operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def whole_lists(made: Sequence[Call]) -> int:
    """Return how often all DriftMonitors or all Models were listed."""
    kinds = {"driftmonitors", "models"}
    return sum(call.verb == "list" and call.resource in kinds for call in made)


def explanations(tenant: Tenant) -> list[str]:
    """Return what those say that had to wait."""
    found = [body["status"]["decision"] for body in tenant.all("DriftMonitor")]
    return [item["message"] for item in found if item["reason"] == "FleetBusy"]


def verdict_runs(tenant: Tenant) -> list[Object]:
    return [run for run in tenant.all("PipelineRun") if run["spec"]["trigger"] == "Verdict"]


def is_active(run: Object) -> bool:
    return "completionTime" not in run.get("status", {})
