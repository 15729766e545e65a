"""The life of one model as a script: data, a run, a served version, a newer one."""

from concurrent.futures import ThreadPoolExecutor

from support.apiserver import Object
from support.objects import conditions_of
from support.specs import dataset_spec
from support.tenant import Tenant

NAME = "bikes"
APPLIERS = 32
"""Requests at a time: the API server admits more, and each opens a connection of its own."""


def apply_all(tenant: Tenant) -> None:
    """Apply a Dataset, a Pipeline that keeps one old run, and a Model."""
    tenant.apply("Dataset", NAME, dataset_spec())
    tenant.apply("Pipeline", NAME, {"datasetRef": {"name": NAME}, "historyLimit": 1})
    tenant.apply("Model", NAME, {"pipelineRef": {"name": NAME}})


def serves(tenant: Tenant, runs: int) -> bool:
    """Let the cluster act; True when the newest of so many runs serves."""
    tenant.act()
    status = tenant.get("Model", NAME)["status"]
    return tenant.is_ready("Model", NAME) and len(status.get("history", [])) == runs - 1


def request_run(tenant: Tenant, value: str) -> None:
    """Ask for a run as a person does."""
    annotations = {"trimtab.dev/run-requested": value}
    patch = {"metadata": {"annotations": annotations}}
    tenant.server.merge(tenant.path("Pipeline", NAME), patch)


def finished_runs(tenant: Tenant, request: str) -> bool:
    """Let the cluster act; True when the requested run is done and an older one is gone."""
    tenant.act()
    handled = tenant.get("Pipeline", NAME)["status"].get("lastHandledRunRequest")
    runs = tenant.all("PipelineRun")
    return handled == request and all(map(is_finished, runs)) and len(runs) < 3


def is_finished(run: Object) -> bool:
    """True when the run has ended."""
    return "completionTime" in run.get("status", {})


def apply_datasets(tenant: Tenant, count: int) -> list[str]:
    """Apply so many Datasets at once and return their names."""
    names = [f"d-{number:03d}" for number in range(count)]
    with ThreadPoolExecutor(APPLIERS) as pool:
        list(pool.map(lambda name: tenant.apply("Dataset", name, dataset_spec()), names))
    return names


def all_ready(tenant: Tenant, kind: str, count: int) -> bool:
    """Let the cluster act; True when so many objects are ready."""
    tenant.act()
    ready = [body for body in tenant.all(kind) if conditions_of(body)["Ready"][0] == "True"]
    return len(ready) == count
