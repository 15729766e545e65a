"""An operator that dies after every single write still ends in the same state."""

import uuid
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.apiserver import ApiServer
from support.interrupting_proxy import Interruption, run_proxy
from support.objects import conditions_of
from support.operator_process import OperatorProcess, operator_settings
from support.scenario import NAME, apply_all
from support.tenant import Tenant, local_tenant, run_admin_port
from support.waiting import wait_until
from trimtab_stages.contract.audit import AuditRecord, verify
from trimtab_stages.store import LocalStore

pytestmark = [pytest.mark.integration, pytest.mark.long]
SECONDS = 90.0
MOST = 100
"""Deaths; there are as many as writes in a life without any, and a few more."""


@dataclass(frozen=True)
class EndState:
    """What two lives of the same manifests must have in common; names hold uids and differ."""

    conditions: dict[str, dict[str, tuple[str, str]]]
    runs: int
    jobs: int
    history: int
    audit: list[str]
    chain_fault: object


def test_it_ends_the_same_when_it_dies_after_every_write(
    api_server: ApiServer, tmp_path: Path
) -> None:
    undisturbed, _ = live(api_server, tmp_path / "undisturbed", mortal=False)
    assert undisturbed.runs == 1
    assert undisturbed.chain_fault is None
    assert undisturbed.audit == ["SnapshotCommitted", "RunStarted", "GatesJudged", "Promoted"]
    disturbed, deaths = live(api_server, tmp_path / "disturbed", mortal=True)
    assert disturbed == undisturbed
    assert deaths > 10


def live(server: ApiServer, folder: Path, *, mortal: bool) -> tuple[EndState, int]:
    """Live through the scenario; return its end and how often the operator died."""
    buckets = folder / "buckets"
    (buckets / "trimtab-audit").mkdir(parents=True)
    tenant = local_tenant(server, buckets, f"r-{uuid.uuid4().hex[:8]}")
    lease = {"name": tenant.name, "namespace": "trimtab-system", "seconds": 3}
    settings = operator_settings({"path": str(buckets)}, namespaces=[tenant.name], lease=lease)
    interruption, deaths = Interruption(), 0
    apply_all(tenant)
    with run_proxy(server, interruption) as proxy, run_admin_port(tenant, NAME):
        kubeconfig = proxy.kubeconfig(server.operator_kubeconfig())
        operator = OperatorProcess(settings, folder, kubeconfig, is_warm=mortal)
        interruption.after_write = operator.kill if mortal else None
        operator.start()
        try:
            while wait_until(lambda: outcome(operator, tenant), SECONDS) != "serves":
                deaths += 1
                assert deaths < MOST, "each life writes something new"
                server.free_lease(tenant.name)
                operator.start()
        finally:
            operator.stop()
    return end_state(tenant, buckets), deaths


def outcome(operator: OperatorProcess, tenant: Tenant) -> str:
    """Return `dead`, or `serves` once it serves and nothing is due; empty before."""
    if operator.ended():
        return "dead"
    tenant.act()
    is_done = tenant.get("Model", NAME)["status"]["conditions"][0]["status"] == "True"
    return "serves" if is_done and operator.is_idle() else ""


def end_state(tenant: Tenant, buckets: Path) -> EndState:
    store = LocalStore(buckets / "trimtab-audit")
    chain = [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]
    bodies = {kind: tenant.get(kind, NAME) for kind in ("Dataset", "Pipeline", "Model")}
    runs = tenant.all("PipelineRun")
    bodies |= {f"PipelineRun {place}": run for place, run in enumerate(runs)}
    return EndState(
        conditions={kind: conditions_of(body) for kind, body in bodies.items()},
        runs=len(runs),
        jobs=len(tenant.jobs()),
        history=len(bodies["Model"]["status"].get("history", [])),
        audit=[record.action.value for record in chain],
        chain_fault=verify(chain),
    )
