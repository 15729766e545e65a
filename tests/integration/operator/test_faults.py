"""What goes wrong is said in a condition, and ends when its cause ends."""

from pathlib import Path

import pytest

from support.apiserver import Object
from support.operator_process import OperatorProcess
from support.scenario import NAME, apply_all, serves
from support.specs import changed, dataset_spec
from support.tenant import Tenant, run_admin_port
from support.waiting import wait_until
from trimtab_stages.store import LocalStore

pytestmark = pytest.mark.integration
PROMISED_SECONDS = 30.0


def wait_for(tenant: Tenant, kind: str, condition: str, reason: str) -> Object:
    """Wait for a condition with this reason and return it."""

    def found() -> Object:
        seen = tenant.condition(kind, NAME, condition)
        assert seen.get("reason") == reason, seen
        return seen

    return wait_until(found, PROMISED_SECONDS)


def test_a_missing_bucket_is_named_and_may_come_later(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    bucket = buckets / f"trimtab-{tenant.name}"
    bucket.rmdir()
    tenant.apply("Dataset", NAME, dataset_spec())
    said = wait_for(tenant, "Dataset", "StorageReachable", "BucketMissing")
    assert said["status"] == "False"
    assert bucket.name in said["message"]
    bucket.mkdir()
    wait_until(tenant.jobs, PROMISED_SECONDS * 2, what="the ingest starts")
    assert operator.health() == "ok"


def test_what_cannot_be_recorded_is_not_done(
    tenant: Tenant, buckets: Path, operator: OperatorProcess
) -> None:
    (buckets / "trimtab-audit").rmdir()
    tenant.apply("Dataset", NAME, dataset_spec())
    job = wait_until(tenant.jobs, PROMISED_SECONDS)[0]
    tenant.run_job(job)
    said = wait_for(tenant, "Dataset", "Ready", "AuditUnwritable")
    assert "trimtab-audit" in said["message"]
    (buckets / "trimtab-audit").mkdir()
    wait_until(lambda: tenant.is_ready("Dataset", NAME), PROMISED_SECONDS)
    assert len(list(LocalStore(buckets / "trimtab-audit").list("chain/"))) == 1
    assert operator.health() == "ok"


def test_a_name_that_somebody_else_has_is_not_taken(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    path = f"/api/v1/namespaces/{tenant.name}/services"
    foreign = {"metadata": {"name": f"{NAME}-server"}, "spec": {"ports": [{"port": 80}]}}
    tenant.server.request("POST", path, foreign)
    apply_all(tenant)
    wait_until(lambda: acted(tenant), PROMISED_SECONDS, what="the run is done")
    said = wait_for(tenant, "Model", "Stalled", "NameCollision")
    assert f"Service/{NAME}-server" in said["message"]
    assert tenant.condition("Model", NAME, "Ready")["status"] == "False"
    tenant.server.request("DELETE", f"{path}/{NAME}-server")
    touched = {"metadata": {"annotations": {"example.com/again": "1"}}}
    tenant.server.merge(tenant.path("Model", NAME), touched)
    with run_admin_port(tenant, NAME):
        wait_until(lambda: serves(tenant, 1), PROMISED_SECONDS, what="it serves")
    wait_until(lambda: tenant.condition("Model", NAME, "Stalled") == {}, PROMISED_SECONDS)
    assert operator.health() == "ok"


def acted(tenant: Tenant) -> bool:
    tenant.act()
    runs = tenant.all("PipelineRun")
    return bool(runs) and "completionTime" in runs[0].get("status", {})


def test_a_child_that_the_api_server_refuses_is_explained(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    refused = changed(dataset_spec(), "compute", {"nodeSelector": {"not a label": "x"}})
    tenant.apply("Dataset", NAME, refused)
    said = wait_for(tenant, "Dataset", "Ready", "Refused")
    assert "not a label" in said["message"]
    tenant.apply("Dataset", NAME, dataset_spec())
    wait_until(tenant.jobs, PROMISED_SECONDS, what="the corrected ingest starts")
    assert operator.health() == "ok"


def test_deleting_an_object_leaves_no_finalizer(tenant: Tenant, operator: OperatorProcess) -> None:
    tenant.apply("Dataset", NAME, dataset_spec())
    wait_until(tenant.jobs, PROMISED_SECONDS)
    tenant.server.request("DELETE", tenant.path("Dataset", NAME))
    assert tenant.server.get(tenant.path("Dataset", NAME)) is None
    assert tenant.jobs()[0]["metadata"]["ownerReferences"][0]["controller"] is True
    wait_until(operator.is_idle, PROMISED_SECONDS)
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0
