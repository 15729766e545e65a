"""An operator that dies after every single write decides the same, and starts the same one run."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.apiserver import ApiServer
from support.interrupting_proxy import Interruption, run_proxy
from support.monitor_writer import evaluate
from support.objects import conditions_of
from support.operator_process import OperatorProcess, operator_settings
from support.scenario import NAME, apply_all
from support.tenant import Tenant, local_tenant
from support.waiting import wait_until
from trimtab_stages.contract.audit import AuditRecord, verify
from trimtab_stages.store import LocalStore

pytestmark = [pytest.mark.integration, pytest.mark.long]
SECONDS = 90.0
MOST = 100
"""Deaths; there are as many as writes in a life without any, and a few more."""
GOOD, WORSE = {"quality": "0"}, {"quality": "0.1"}


@dataclass(frozen=True)
class EndState:
    """What two lives of the same windows must have in common; ids hold uids and differ."""

    decisions: list[str]
    retrains: list[str]
    suppressed: dict[str, int]
    conditions: dict[str, tuple[str, str]]
    runs: list[str]
    audit: list[str]
    chain_fault: object


def test_it_decides_the_same_when_it_dies_after_every_write(
    api_server: ApiServer, tmp_path: Path
) -> None:
    undisturbed, _ = live(api_server, tmp_path / "undisturbed", mortal=False)
    assert undisturbed.decisions == [
        "Wait NoRuleHolds",
        "Retrain RuleHolds",
        "Suppress InFlight",
    ]
    assert undisturbed.retrains == ["Passed"]
    assert undisturbed.runs == ["NewSnapshot", "Verdict"]
    assert undisturbed.chain_fault is None
    disturbed, deaths = live(api_server, tmp_path / "disturbed", mortal=True)
    assert disturbed == undisturbed
    assert deaths > 5


def live(server: ApiServer, folder: Path, *, mortal: bool) -> tuple[EndState, int]:
    """Live through three windows; return the end and how often the operator died."""
    buckets = folder / "buckets"
    (buckets / "trimtab-audit").mkdir(parents=True)
    tenant = local_tenant(server, buckets, f"w-{uuid.uuid4().hex[:8]}")
    lease = {"name": tenant.name, "namespace": "trimtab-system", "seconds": 3}
    settings = operator_settings({"path": str(buckets)}, namespaces=[tenant.name], lease=lease)
    apply_all(tenant)
    tenant.apply("Pipeline", NAME, {"datasetRef": {"name": NAME}, "historyLimit": 5})
    tenant.apply("DriftMonitor", NAME, {"modelRef": {"name": NAME}, "mode": "Act"})
    interruption, deaths = Interruption(), 0
    with run_proxy(server, interruption) as proxy:
        kubeconfig = proxy.kubeconfig(server.operator_kubeconfig())
        operator = OperatorProcess(settings, folder, kubeconfig, is_warm=mortal)
        operator.start()
        try:
            wait_until(lambda: first_champion(tenant), SECONDS, what="a first champion")
            evaluate(tenant, NAME, GOOD, WORSE, WORSE)
            interruption.after_write = operator.kill if mortal else None
            while wait_until(lambda: outcome(operator, tenant), SECONDS) != "settled":
                deaths += 1
                assert deaths < MOST, "each life writes something new"
                server.free_lease(tenant.name)
                operator.start()
        finally:
            operator.stop()
    return end_state(tenant, buckets), deaths


def first_champion(tenant: Tenant) -> bool:
    tenant.act()
    return "champion" in tenant.get("Model", NAME)["status"]


def outcome(operator: OperatorProcess, tenant: Tenant) -> str:
    """Return `dead`, or `settled` once what was retrained serves and nothing is due; empty before.

    The run ends only when all three windows are decided: whether the third comes while it is in
    flight must not depend on how often the operator died. A retrain has passed before its version
    is promoted, and an operator that just started has nothing due until its first listing.
    """
    if operator.ended():
        return "dead"
    status = tenant.get("DriftMonitor", NAME)["status"]
    if len(status.get("decisions", [])) == 3:
        tenant.act()
    passed = [item["run"] for item in status.get("retrains", []) if item["state"] == "Passed"]
    champion = tenant.get("Model", NAME)["status"]["champion"]["run"]
    return "settled" if passed == [champion] and operator.is_idle() else ""


def end_state(tenant: Tenant, buckets: Path) -> EndState:
    store = LocalStore(buckets / "trimtab-audit")
    chain = [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]
    body = tenant.get("DriftMonitor", NAME)
    status = body["status"]
    return EndState(
        decisions=[f"{item['outcome']} {item['reason']}" for item in status["decisions"]],
        retrains=[item["state"] for item in status["retrains"]],
        suppressed={item["reason"]: item["count"] for item in status["suppressed"]},
        conditions=conditions_of(body),
        runs=sorted(run["spec"]["trigger"] for run in tenant.all("PipelineRun")),
        audit=sorted(record.action.value for record in chain),
        chain_fault=verify(chain),
    )
