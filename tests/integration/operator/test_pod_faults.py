"""What pods find out in the cluster, and the operator cannot see by itself."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.apiserver import ApiServer, Object
from support.ingest_pod import run_pod
from support.operator_process import OperatorProcess, operator_settings
from support.s3 import S3Server, write_storage_directory
from support.scenario import NAME
from support.specs import dataset_spec
from support.tenant import Tenant
from support.waiting import wait_until
from trimtab_stages.store import S3Store

pytestmark = pytest.mark.integration
PROMISED_SECONDS = 30.0
START_SECONDS = 60.0


def wait_for(tenant: Tenant, condition: str, reason: str) -> Object:
    """Wait for a condition of the Dataset with this reason and return it."""

    def found() -> Object:
        seen = tenant.condition("Dataset", NAME, condition)
        assert seen.get("reason") == reason, seen
        return seen

    return wait_until(found, PROMISED_SECONDS)


def test_a_missing_secret_is_named_from_the_kubelets_event(
    tenant: Tenant, operator: OperatorProcess
) -> None:
    tenant.apply("Dataset", NAME, dataset_spec())
    job = wait_until(tenant.jobs, START_SECONDS)[0]
    tenant.add_pod(job, "waits", {"phase": "Pending"})
    cause = 'MountVolume.SetUp failed for volume "storage" : secret "trimtab-storage" not found'
    tenant.tell("waits", "FailedMount", cause)
    said = wait_for(tenant, "Ready", "VolumeMissing")
    assert said["status"] == "False"
    assert cause in said["message"]
    assert "Create Secret `trimtab-storage`" in said["message"]
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0


def test_a_store_without_conditional_writes_is_refused(
    api_server: ApiServer,
    overwriting_s3: S3Server,
    tmp_path: Path,
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> None:
    name = f"w-{uuid.uuid4().hex[:8]}"
    settings = overwriting_s3.create_bucket(f"trimtab-{name}")
    tenant = Tenant(api_server, api_server.create_namespace(name), S3Store(settings))
    storage = {
        "endpoint": overwriting_s3.endpoint,
        "auditBucket": overwriting_s3.create_bucket().bucket,
        "credentialsDir": str(write_storage_directory(settings, tmp_path / "credentials")),
    }
    start_operator(operator_settings(storage, namespaces=[name]))
    tenant.apply("Dataset", NAME, dataset_spec())
    job = wait_until(tenant.jobs, START_SECONDS)[0]
    spec = tenant.config(job["metadata"]["name"], "spec.json")
    ended = run_pod(settings, tmp_path / "pod", spec)
    assert ended.words is not None
    tenant.fail_job(job, ended.code, ended.words.model_dump_json(by_alias=True))
    said = wait_for(tenant, "StorageReachable", "ConditionalWriteUnsupported")
    assert said["status"] == "False"
    assert said["message"][1:] == ended.words.message[1:], "but for the sentence's capital"
    assert f"s3://{settings.bucket}/ at {settings.endpoint}" in said["message"]
    assert wait_for(tenant, "Ready", "ConditionalWriteUnsupported")["status"] == "False"
