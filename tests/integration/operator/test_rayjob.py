"""Where KubeRay is installed, a run is a RayJob, and its commit is still the only success."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from support.apiserver import ApiServer, Object
from support.objects import conditions_of, run_commit
from support.operator_process import OperatorProcess
from support.scenario import NAME
from support.specs import dataset_spec
from support.tenant import Tenant
from support.waiting import wait_until
from trimtab_stages.contract import layout
from trimtab_stages.contract.run import RunSpec

pytestmark = pytest.mark.integration
SECONDS = 60.0
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SCHEMA = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
DEFINITION: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "rayjobs.ray.io"},
    "spec": {
        "group": "ray.io",
        "scope": "Namespaced",
        "names": {"kind": "RayJob", "plural": "rayjobs", "singular": "rayjob"},
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": SCHEMA,
                "subresources": {"status": {}},
            }
        ],
    },
}


@pytest.fixture
def kuberay(api_server: ApiServer) -> Iterator[None]:
    """KubeRay's API without its controller."""
    api_server.request("POST", DEFINITIONS, DEFINITION)
    served = "/apis/ray.io/v1"
    wait_until(lambda: api_server.get(served), SECONDS, what="RayJobs are served")
    yield
    api_server.request("DELETE", f"{DEFINITIONS}/rayjobs.ray.io")
    wait_until(lambda: api_server.get(served) is None, SECONDS, what="RayJobs are gone")


def ray_jobs(tenant: Tenant) -> list[Object]:
    return tenant.server.items(f"/apis/ray.io/v1/namespaces/{tenant.name}/rayjobs")


def report(tenant: Tenant, job: Object, **status: str) -> None:
    path = f"/apis/ray.io/v1/namespaces/{tenant.name}/rayjobs/{job['metadata']['name']}/status"
    tenant.server.merge(path, {"status": status})


def run_reason(tenant: Tenant, condition: str) -> object:
    (run,) = tenant.all("PipelineRun")
    return conditions_of(run).get(condition)


def test_a_run_is_a_rayjob_and_its_commit_counts(
    tenant: Tenant,
    kuberay: None,
    settings: dict[str, Any],
    start_operator: Callable[[dict[str, Any]], OperatorProcess],
) -> None:
    assert kuberay is None
    operator = start_operator(settings)
    tenant.apply("Dataset", NAME, dataset_spec())
    tenant.apply("Pipeline", NAME, {"datasetRef": {"name": NAME}})
    tenant.run_job(wait_until(tenant.jobs, SECONDS)[0])
    job = wait_until(lambda: ray_jobs(tenant), SECONDS, what="a RayJob")[0]
    assert job["spec"]["rayClusterSpec"]["authOptions"] == {"mode": "token"}
    assert len(tenant.jobs()) == 1
    spec = RunSpec.from_bytes(tenant.config(job["metadata"]["name"], "spec.json"))
    tenant.store.put_if_absent(layout.run_commit(spec.run), run_commit(spec).to_bytes())
    report(tenant, job, jobDeploymentStatus="Failed", reason="AppFailed")
    committed = ("True", "Committed")
    wait_until(lambda: run_reason(tenant, "Complete") == committed, SECONDS, what="it is complete")
    assert operator.metric_sum("trimtab_reconcile_errors_total{") == 0
