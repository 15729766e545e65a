"""The release goes and comes back: kinds, objects, pods that serve, and data stay meanwhile."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from demo.installation import install, upload
from demo.own_onnx import KEY, NAME, ask_own, serve
from demo.tenant import STORAGE_SECRET, SYSTEM_NAMESPACE, tenant_store
from support import hourly_file
from support.graphs import doubling
from support.kubectl import Kubectl
from support.running_pods import pods
from support.waiting import wait_until
from trimtab_operator.api.kinds import KINDS

pytestmark = pytest.mark.e2e

SECONDS = 300
PLURALS = ",".join(kind.plural for kind in KINDS)
PROCESSES = "app.kubernetes.io/component in (operator,monitor)"
HEAD = {"apiVersion": "trimtab.dev/v1alpha1", "metadata": {"name": "kept"}}
# Its run waits for a node that there is not: nothing is trained here.
NOWHERE = {"nodeSelector": {"example.com/place": "nowhere"}}


@pytest.fixture
def kubectl(installed: list[str]) -> Kubectl:
    """Return kubectl in a namespace with an object of each kind; the Model serves."""
    kubectl = Kubectl(installed[1])
    upload(kubectl.namespace, KEY, doubling())
    upload(kubectl.namespace, hourly_file.KEY, hourly_file.CSV.encode())
    kubectl.apply(hourly_file.hourly_dataset("kept"))
    pipeline = {"datasetRef": {"name": "kept"}, "compute": NOWHERE}
    kubectl.apply(HEAD | {"kind": "Pipeline", "spec": pipeline})
    serve(kubectl, SECONDS)
    kubectl.apply(HEAD | {"kind": "DriftMonitor", "spec": {"modelRef": {"name": NAME}}})
    wait_until(lambda: kubectl.get("pipelineruns")["items"], SECONDS, interval=0.5)
    return kubectl


@contextmanager
def uninstalled(namespaces: list[str]) -> Iterator[None]:
    """Let the block run without the release; it is installed again whatever happens."""
    system = Kubectl(SYSTEM_NAMESPACE)
    try:
        system.helm("uninstall", "trimtab", "--wait")
        system.run("wait", "pods", "-l", PROCESSES, "--for=delete", "--timeout=60s")
        yield
    finally:
        install(namespaces)


def test_objects_need_no_release_to_stay_to_serve_and_to_go(
    installed: list[str], kubectl: Kubectl
) -> None:
    before, secret = _objects(kubectl), _storage(kubectl)
    assert {body["kind"] for body in before.values()} == {kind.kind for kind in KINDS}
    with uninstalled(installed):
        for kind in KINDS:
            assert "deletionTimestamp" not in kubectl.get(f"crd/{kind.crd_name}")["metadata"]
        left = _objects(kubectl)
        assert left.keys() == before.keys()
        for body in left.values():
            assert body["metadata"].keys().isdisjoint({"finalizers", "deletionTimestamp"})
        assert ask_own(kubectl)

        kubectl.run("delete", PLURALS, "--all", "--wait=true", "--timeout=30s")
        assert _objects(kubectl) == {}
        wait_until(lambda: not _children(kubectl), 60, interval=0.5, what="all children go")
    assert _storage(kubectl) == secret
    with tenant_store(kubectl.namespace) as store:
        assert store.get(KEY) == doubling()


def _objects(kubectl: Kubectl) -> dict[str, dict[str, Any]]:
    """Return all objects of Trimtab by uid."""
    return {body["metadata"]["uid"]: body for body in kubectl.get(PLURALS)["items"]}


def _children(kubectl: Kubectl) -> list[dict[str, Any]]:
    """Return what the operator has made that is not going."""
    made = "app.kubernetes.io/managed-by=trimtab-operator"
    items = kubectl.get("deployments,services,jobs", "-l", made)["items"]
    return [*items, *pods(kubectl, made)]


def _storage(kubectl: Kubectl) -> dict[str, str]:
    data: dict[str, str] = kubectl.get(f"secret/{STORAGE_SECRET}")["data"]
    return data
