"""What a namespace's pods cannot do: tried for real, in the cluster."""

import hashlib
import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from demo.installation import upload
from demo.tenant import SYSTEM_NAMESPACE
from support.forwarded_store import forwarded_store
from support.intruder import attempt, build_pod
from support.kubectl import Kubectl, KubectlError
from support.pod_security import tokens, violations
from support.waiting import wait_until
from trimtab_stages.store import Store
from trimtab_stages.store.errors import AccessDenied

pytestmark = pytest.mark.e2e

ACCOUNT = f"system:serviceaccount:{SYSTEM_NAMESPACE}:trimtab"
OWN, OTHER, AUDIT = "trimtab-demo-b", "trimtab-demo", "trimtab-audit"
KEY = "raw/only-ours.csv"
ENFORCE = "pod-security.kubernetes.io/enforce"


@pytest.fixture(scope="module")
def images(installed: list[str]) -> dict[str, str]:
    """Return the images that the release gives to tenant pods."""
    assert installed
    text = Kubectl(SYSTEM_NAMESPACE).get("configmap/trimtab-settings")["data"]["settings.yaml"]
    lines = (line.strip().partition(": ") for line in text.splitlines())
    return {name: value.strip('"') for name, _, value in lines if "/trimtab-" in value}


@pytest.fixture(scope="module")
def told(images: dict[str, str]) -> dict[str, Any]:
    """Return what a pod of demo-b came to when it tried demo's bucket and the audit bucket."""
    upload("demo", KEY, b"ts,count\n")
    return attempt(Kubectl("demo-b"), images["ingest"], [OWN, OTHER, AUDIT], KEY)


def test_a_pod_works_in_its_own_bucket(told: dict[str, Any]) -> None:
    own = told["attempts"][OWN]
    assert {own[name] for name in ("list", "write", "upload", "delete")} == {"done"}
    assert own["read"] == "NoSuchKey"


@pytest.mark.parametrize("bucket", [OTHER, AUDIT])
def test_a_pod_gets_nothing_of_another_bucket(told: dict[str, Any], bucket: str) -> None:
    assert set(told["attempts"][bucket].values()) == {"AccessDenied"}


def test_a_pod_copies_nothing_out_of_another_bucket(told: dict[str, Any]) -> None:
    assert told["attempts"][OWN]["copy"] == "AccessDenied"


def test_a_pod_cannot_open_its_bucket_to_others(told: dict[str, Any]) -> None:
    assert told["attempts"][OWN]["open"] == "AccessDenied"


def test_a_pod_makes_no_bucket(told: dict[str, Any]) -> None:
    assert told["attempts"]["new"]["create"] == "AccessDenied"


def test_a_pod_has_no_api_token(told: dict[str, Any]) -> None:
    assert told["token"] is False


@pytest.fixture
def operators_store(installed: list[str]) -> Iterator[dict[str, Store]]:
    """Yield the buckets as the operator's own account reaches them."""
    assert installed
    kubectl = Kubectl(SYSTEM_NAMESPACE)
    secret = kubectl.get("secret/trimtab-operator-storage")["data"]
    with (
        forwarded_store(kubectl, "trimtab-s3", secret, OTHER) as data,
        forwarded_store(kubectl, "trimtab-s3", secret, AUDIT) as audit,
    ):
        yield {OTHER: data, AUDIT: audit}


def test_operator_reads_data_and_changes_none(operators_store: dict[str, Store]) -> None:
    upload("demo", KEY, b"ts,count\n")
    data = operators_store[OTHER]
    assert data.get(KEY) == b"ts,count\n"
    with pytest.raises(AccessDenied):
        data.put_if_absent("raw/forged.csv", b"x")
    with pytest.raises(AccessDenied):
        data.delete(KEY)


def test_operator_appends_to_the_audit_log_and_deletes_nothing(
    operators_store: dict[str, Store],
) -> None:
    audit = operators_store[AUDIT]
    audit.put_if_absent("tests/kept", b"kept")
    with pytest.raises(AccessDenied):
        audit.delete("tests/kept")
    assert audit.get("tests/kept") == b"kept"


def _pods(kubectl: Kubectl) -> list[dict[str, Any]]:
    """Return every pod of Trimtab in the cluster."""
    found = kubectl.get("pods", "-A", "-l", "app.kubernetes.io/name=trimtab")
    return list(found["items"])


def test_every_pod_runs_where_the_restricted_standard_is_enforced(installed: list[str]) -> None:
    kubectl = Kubectl(SYSTEM_NAMESPACE)
    levels = {
        item["metadata"]["name"]: item["metadata"]["labels"].get(ENFORCE)
        for item in kubectl.get("namespaces")["items"]
    }
    where = {pod["metadata"]["namespace"] for pod in _pods(kubectl)} | set(installed)
    assert SYSTEM_NAMESPACE in where
    assert {levels[namespace] for namespace in where} == {"restricted"}


def test_a_pod_with_more_rights_is_refused(images: dict[str, str]) -> None:
    pod = build_pod(images["ingest"], ["pass"])
    Kubectl("demo-b").run("apply", "--dry-run=server", "-f", "-", stdin=_json(pod))
    for change in ({"hostNetwork": True}, {"securityContext": {"runAsUser": 0}}):
        loose = deepcopy(pod)
        loose["spec"] |= change
        with pytest.raises(KubectlError, match="violates PodSecurity"):
            Kubectl("demo-b").run("apply", "--dry-run=server", "-f", "-", stdin=_json(loose))


def _json(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest)


@pytest.fixture
def tenant_pods(installed: list[str]) -> Iterator[list[dict[str, Any]]]:
    """Yield an ingest pod and a server pod of demo-b, as the operator made them."""
    assert installed
    kubectl = Kubectl("demo-b")
    rows = b"ts,count,tmax\n2024-01-01 00:00:00,1,2\n2024-01-01 01:00:00,3,4\n"
    upload("demo-b", "raw/two-rows.csv", rows)
    upload("demo-b", "raw/tiny.onnx", b"no graph")
    for manifest in _objects():
        kubectl.apply(manifest)

    def both() -> list[dict[str, Any]] | None:
        pods = [pod for pod in _pods(kubectl) if pod["metadata"]["namespace"] == "demo-b"]
        parts = {pod["metadata"]["labels"]["app.kubernetes.io/component"] for pod in pods}
        return pods if parts >= {"ingest", "server"} else None

    yield wait_until(both, 60, interval=0.5, what="an ingest pod and a server pod")
    for manifest in _objects():
        kubectl.run("delete", f"{manifest['kind']}/tiny", "--wait=false")


def _objects() -> list[dict[str, Any]]:
    common = {"apiVersion": "trimtab.dev/v1alpha1", "metadata": {"name": "tiny"}}
    digest = f"sha256:{hashlib.sha256(b'no graph').hexdigest()}"
    dataset = {
        "source": {"uri": "raw/two-rows.csv"},
        "columns": [{"name": "count", "role": "Source"}, {"name": "tmax"}],
        "time": {"column": "ts"},
        "target": {"name": "t", "column": "count", "kind": "Above", "threshold": "1"},
    }
    return [
        {**common, "kind": "Dataset", "spec": dataset},
        {**common, "kind": "Model", "spec": {"onnx": {"uri": "raw/tiny.onnx", "digest": digest}}},
    ]


def test_pods_of_stages_and_servers_are_restricted_and_have_no_token(
    tenant_pods: list[dict[str, Any]],
) -> None:
    # Those that train: in test_first_answer.py, where there are some.
    for pod in tenant_pods:
        assert violations(pod["spec"]) == [], pod["metadata"]["name"]
        assert tokens(pod["spec"]) == [], pod["metadata"]["name"]


@pytest.mark.parametrize(
    ("verb", "resource", "allowed"),
    [
        pytest.param("list", "datasets.trimtab.dev", "yes", id="its-kinds"),
        pytest.param("create", "jobs.batch", "yes", id="its-children"),
        pytest.param("get", "secrets", "no", id="read-secrets"),
        pytest.param("list", "secrets", "no", id="list-secrets"),
        pytest.param("create", "pods", "no", id="bare-pods"),
        pytest.param("create", "pods/exec", "no", id="exec"),
        pytest.param("update", "models.trimtab.dev", "no", id="write-specs"),
        pytest.param("create", "serviceaccounts/token", "no", id="tokens"),
        pytest.param("list", "nodes", "no", id="nodes"),
        pytest.param("create", "clusterrolebindings.rbac.authorization.k8s.io", "no", id="rbac"),
    ],
)
def test_operator_may_do_its_work_and_no_more(
    installed: list[str], verb: str, resource: str, allowed: str
) -> None:
    kubectl = Kubectl(installed[0])
    assert _may(kubectl, verb, resource) == allowed


def _may(kubectl: Kubectl, verb: str, resource: str) -> str:
    try:
        return kubectl.run("auth", "can-i", verb, resource, f"--as={ACCOUNT}").strip()
    except KubectlError:
        # kubectl exits with 1 and says no on its standard output.
        return "no"
