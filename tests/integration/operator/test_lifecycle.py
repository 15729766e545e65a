"""Data in, a run, a served model, a better one: every step through the real API server."""

import time
from pathlib import Path

import pytest

from support.apiserver import LEASES, ApiServer
from support.objects import conditions_of
from support.operator_process import OperatorProcess
from support.scenario import apply_all, finished_runs, request_run, serves
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until
from trimtab_stages.contract.audit import AuditRecord, verify
from trimtab_stages.store import LocalStore

pytestmark = pytest.mark.integration
SECONDS = 30.0


def records(buckets: Path) -> list[AuditRecord]:
    store = LocalStore(buckets / "trimtab-audit")
    return [AuditRecord.from_bytes(store.get(entry.key)) for entry in store.list("chain/")]


def test_manifests_become_a_served_model(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    apply_all(tenant)
    with run_admin_port(tenant, "bikes"):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
    (run,) = tenant.all("PipelineRun")
    assert conditions_of(run)["Complete"] == ("True", "Committed")
    assert conditions_of(run)["GatesPassed"] == ("True", "Passed")
    model = tenant.get("Model", "bikes")
    assert model["status"]["champion"]["run"] == run["metadata"]["name"]
    assert model["status"]["planRevision"] == tenant.plan("bikes").revision
    chain = records(buckets)
    assert verify(chain) is None
    assert [record.action for record in chain] == [
        "SnapshotCommitted",
        "RunStarted",
        "GatesJudged",
        "Promoted",
    ]
    assert {"RunStarted", "Promoted"} <= {event["reason"] for event in tenant.events()}
    lease = tenant.server.get(f"{LEASES}/trimtab-operator")
    assert lease is not None
    assert lease["metadata"]["annotations"]["trimtab.dev/audit-head"] == chain[-1].hash
    assert operator.metric_sum("trimtab_gate_outcomes_total{") == 1
    assert operator.metric("trimtab_watch_silent") == 0
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0
    assert operator.health() == "ok"


def test_a_better_version_takes_over_and_old_runs_go(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    apply_all(tenant)
    with run_admin_port(tenant, "bikes"):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        first = tenant.plan("bikes")
        request_run(tenant, "again")
        wait_until(lambda: serves(tenant, 2), SECONDS, what="the second version serves")
    assert tenant.plan("bikes").versions != first.versions
    status = tenant.get("Model", "bikes")["status"]
    assert [version["digest"] for version in status["history"]] == [first.versions[0].digest]
    request_run(tenant, "third")
    wait_until(lambda: finished_runs(tenant, "third"), SECONDS, what="the third run ends")
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_a_converged_world_is_not_written(
    tenant: Tenant, api_server: ApiServer, operator: OperatorProcess
) -> None:
    apply_all(tenant)
    with run_admin_port(tenant, "bikes"):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        wait_until(operator.is_idle, SECONDS, what="nothing is due")
        before = len(api_server.operator_calls())
        for kind in ("Dataset", "Pipeline", "Model"):
            touched = {"metadata": {"annotations": {"example.com/touched": str(time.time())}}}
            api_server.merge(tenant.path(kind, "bikes"), touched)
        wait_until(lambda: reads_of(api_server, before), SECONDS, what="all are looked at")
        # What was read is decided and written by then.
        wait_until(operator.is_idle, SECONDS, what="nothing is due")
    after = api_server.operator_calls()[before:]
    writes = [call for call in after if call.verb not in {"get", "list", "watch"}]
    assert [call for call in writes if call.resource != "leases"] == []


def reads_of(server: ApiServer, start: int) -> bool:
    """True when every kind was read after a point of the audit log."""
    seen = {call.resource for call in server.operator_calls()[start:] if call.verb == "get"}
    return {"datasets", "pipelines", "models", "deployments", "services"} <= seen


def test_foreign_edits_of_children_are_undone(tenant: Tenant, operator: OperatorProcess) -> None:
    apply_all(tenant)
    path = f"/apis/apps/v1/namespaces/{tenant.name}/deployments/bikes-server"
    with run_admin_port(tenant, "bikes"):
        wait_until(lambda: serves(tenant, 1), SECONDS, what="the first version serves")
        tenant.server.apply(
            path,
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {"name": "bikes-server"},
                "spec": {"replicas": 7},
            },
            manager="somebody",
        )
        wait_until(lambda: replicas(tenant, path) == 1, SECONDS, what="replicas are as declared")
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def replicas(tenant: Tenant, path: str) -> int:
    deployment = tenant.server.get(path)
    assert deployment is not None
    return int(deployment["spec"]["replicas"])
