"""A rollout through the real API server: shadow, another writer's evidence, promotion, rollback."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from support.cli_objects import run_cli
from support.objects import conditions_of
from support.operator_process import OperatorProcess
from support.scenario import NAME, apply_all, request_run, serves
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until
from trimtab_operator.api.base import API_VERSION
from trimtab_stages.contract.audit import AuditRecord, verify
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.store import LocalStore

pytestmark = pytest.mark.integration
SECONDS = 60.0
MONITOR = "trimtab-monitor"


def begin(tenant: Tenant, replicas: int = 1) -> None:
    """Apply everything with rules for rollouts, and wait until the first version serves."""
    apply_all(tenant)
    serving = {"replicas": replicas}
    spec = {"pipelineRef": {"name": NAME}, "rollout": {"guardSeconds": 0}, "serving": serving}
    tenant.apply("Model", NAME, spec)
    wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")


def status(tenant: Tenant) -> dict[str, Any]:
    found: dict[str, Any] = tenant.get("Model", NAME)["status"]
    return found


def is_shadowed(tenant: Tenant) -> bool:
    """Let the cluster act; True when all pods follow the shadow's plan."""
    tenant.act()
    found, plan = status(tenant), tenant.plan(NAME)
    spread = [item.shadow and item.only_on is None for item in plan.versions]
    return spread == [False, True] and found.get("planRevision") == plan.revision


def tell(tenant: Tenant, difference: float) -> None:
    """Write evidence about the challenger, as the monitor does: its own field manager."""
    challenger = status(tenant)["challenger"]["digest"]
    evidence = {
        "digest": challenger,
        "rows": 1000,
        "labelled": 900,
        "agreement": "0.9",
        "difference": f"{difference}",
        "low": f"{difference - 0.01:.3f}",
        "high": f"{difference + 0.01:.3f}",
        "through": "2026-01-01T00:00:00Z",
    }
    body = {
        "apiVersion": API_VERSION,
        "kind": "Model",
        "metadata": {"name": NAME, "namespace": tenant.name},
        "status": {"rollout": {"evidence": evidence}},
    }
    tenant.server.apply(f"{tenant.path('Model', NAME)}/status", body, manager=MONITOR)


def ended(tenant: Tenant, state: str) -> bool:
    """Let the cluster act; True when the rollout has ended like this and nothing is unwritten."""
    tenant.act()
    found = status(tenant)
    done = found["rollout"]["state"] == state and "challenger" not in found
    return done and not found.get("unwritten") and len(tenant.plan(NAME).versions) == 1


def actions(buckets: Path) -> list[str]:
    store = LocalStore(buckets / "trimtab-audit")
    chain = [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]
    assert verify(chain) is None
    kept = {"RolloutStarted", "Promoted", "RolledBack", "RolloutHeld"}
    return [record.action for record in chain if record.action in kept]


def owner_of_evidence(tenant: Tenant) -> set[str]:
    """Return the field managers that own the evidence."""
    entries = tenant.get("Model", NAME)["metadata"]["managedFields"]
    return {
        entry["manager"]
        for entry in entries
        if "f:evidence" in entry.get("fieldsV1", {}).get("f:status", {}).get("f:rollout", {})
    }


def test_evidence_promotes_and_the_former_version_comes_back_on_request(
    tenant: Tenant,
    buckets: Path,
    operator: OperatorProcess,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    with run_admin_port(tenant, NAME):
        begin(tenant, replicas=2)
        first = tenant.plan(NAME).versions[0].digest
        request_run(tenant, "again")
        wait_until(lambda: is_shadowed(tenant), SECONDS, what="the challenger scores")
        assert conditions_of(tenant.get("Model", NAME))["RolloutProgressing"][0] == "True"
        assert conditions_of(tenant.get("Model", NAME))["Ready"][0] == "True"
        assert tenant.plan(NAME).versions[0].digest == first

        tell(tenant, 0.02)
        wait_until(partial(ended, tenant, "Promoted"), SECONDS, what="promoted")
        second = tenant.plan(NAME).versions[0].digest
        assert second != first
        assert owner_of_evidence(tenant) == {MONITOR}

        monkeypatch.setenv("KUBECONFIG", str(tenant.server.admin_kubeconfig(tmp_path / "admin")))
        assert run_cli("rollback", f"model/{NAME}", "-n", tenant.name) == 0
        wait_until(partial(ended, tenant, "RolledBack"), SECONDS, what="rolled back")
        assert tenant.plan(NAME).versions[0].digest == first
    assert [item["digest"] for item in status(tenant)["rejected"]] == [second]
    assert actions(buckets) == ["Promoted", "RolloutStarted", "Promoted", "RolledBack"]
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_a_worse_or_broken_challenger_goes_and_is_not_tried_again(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    with run_admin_port(tenant, NAME) as admin:
        begin(tenant)
        first = tenant.plan(NAME).versions[0].digest
        request_run(tenant, "worse")
        wait_until(lambda: is_shadowed(tenant), SECONDS, what="the challenger scores")
        tell(tenant, -0.3)
        wait_until(partial(ended, tenant, "RolledBack"), SECONDS, what="rolled back")

        admin.broken = ServingReason.CRASHED_ON_LOAD
        request_run(tenant, "broken")
        wait_until(partial(rejected, tenant, 2), SECONDS, what="refused and rolled back")
        wait_until(partial(ended, tenant, "RolledBack"), SECONDS, what="recorded")
        assert tenant.is_ready("Model", NAME)
    assert tenant.plan(NAME).versions[0].digest == first
    assert actions(buckets) == ["Promoted", *["RolloutStarted", "RolledBack"] * 2]
    assert "RolledBack" in {event["reason"] for event in tenant.events()}
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def rejected(tenant: Tenant, count: int) -> bool:
    """Let the cluster act; True when so many versions were rolled back."""
    tenant.act()
    return len(status(tenant).get("rejected", [])) == count


def test_an_operator_that_restarts_goes_on_with_the_rollout(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    with run_admin_port(tenant, NAME):
        begin(tenant)
        request_run(tenant, "again")
        wait_until(lambda: is_shadowed(tenant), SECONDS, what="the challenger scores")
        operator.kill()
        tenant.server.free_lease("trimtab-operator")
        tell(tenant, 0.02)
        operator.start()
        operator.wait_leading()
        wait_until(partial(ended, tenant, "Promoted"), SECONDS, what="promoted")
    assert actions(buckets) == ["Promoted", "RolloutStarted", "Promoted"]
