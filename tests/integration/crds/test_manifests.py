"""Every manifest of the operator in a real API server, under Pod Security `restricted`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.apiserver import ApiError, ApiServer

pytestmark = pytest.mark.integration

GOLDEN = Path(__file__).parents[2] / "unit" / "manifests" / "golden"
NAMESPACE = "restricted"
PATHS = {
    "ConfigMap": f"/api/v1/namespaces/{NAMESPACE}/configmaps",
    "Service": f"/api/v1/namespaces/{NAMESPACE}/services",
    "Job": f"/apis/batch/v1/namespaces/{NAMESPACE}/jobs",
    "Deployment": f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments",
    "PodDisruptionBudget": f"/apis/policy/v1/namespaces/{NAMESPACE}/poddisruptionbudgets",
}
DOCUMENTS: list[tuple[str, dict[str, Any]]] = [
    (path.stem, document)
    for path in sorted(GOLDEN.glob("*.yaml"))
    for document in yaml.safe_load_all(path.read_text(encoding="utf-8"))
    if document["kind"] in PATHS
]
MANIFESTS = [
    pytest.param(name, document, id=f"{name} {document['kind']}") for name, document in DOCUMENTS
]
TEMPLATES = [
    pytest.param(document["spec"]["template"], id=f"{name} {document['kind']}")
    for name, document in DOCUMENTS
    if "template" in document.get("spec", {})
]


@pytest.fixture(name="server", scope="module")
def _server(api_server: ApiServer) -> Iterator[ApiServer]:
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    metadata = {"name": NAMESPACE, "labels": labels}
    api_server.request("POST", "/api/v1/namespaces", {"metadata": metadata})
    yield api_server
    api_server.request("DELETE", f"/api/v1/namespaces/{NAMESPACE}")


@pytest.mark.parametrize(("name", "document"), MANIFESTS)
def test_is_accepted_and_applying_it_again_is_no_write(
    server: ApiServer, name: str, document: dict[str, Any]
) -> None:
    metadata = document["metadata"] | {"namespace": NAMESPACE, "name": name}
    body = document | {"metadata": metadata}
    path = f"{PATHS[body['kind']]}/{name}"

    first = server.apply(path, body)
    second = server.apply(path, body)

    assert first["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]


@pytest.mark.parametrize("template", TEMPLATES)
def test_its_pods_are_admitted(server: ApiServer, template: dict[str, Any]) -> None:
    body = {"metadata": {"name": "probe", **template["metadata"]}, "spec": template["spec"]}

    assert server.request("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", body)


def test_a_pod_that_may_gain_rights_is_not_admitted(server: ApiServer) -> None:
    body = {"metadata": {"name": "probe"}, "spec": {"containers": [{"name": "x", "image": "x"}]}}

    with pytest.raises(ApiError, match="violates PodSecurity"):
        server.request("POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", body)
