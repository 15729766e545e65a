"""From raw data to a first answer, and the identity of everything on the way."""

import json
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from demo.journey import EXAMPLES, NAME, Journey, Served
from demo.tenant import SYSTEM_NAMESPACE, tenant_store
from support.kubectl import Kubectl
from support.parity import LARGEST_ERROR, expected_scores, measure_served
from support.pod_security import tokens, violations
from support.running_pods import of_component
from support.waiting import wait_until
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.names import server
from trimtab_stages.contract.gates import Outcome
from trimtab_stages.contract.run import Commit, RunSpec, StageName
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.export.parity import PARITY_ROWS
from trimtab_stages.preprocess.run import FITTED

pytestmark = pytest.mark.e2e

LOOKED_AT = ("Dataset", "Pipeline", "Model")


@pytest.fixture(scope="module")
def journey(installed: list[str], raw_bikes: bytes) -> Iterator[Journey]:
    journey = Journey(installed[0], raw_bikes)
    yield journey
    # The closed loop asks for the processors.
    journey.kubectl.run("delete", "models", "--all", "--wait=false")


@pytest.fixture(scope="module")
def snapshot(journey: Journey) -> SnapshotManifest:
    journey.begin()
    return journey.ingested(seconds=300)


@pytest.fixture(scope="module")
def commit(journey: Journey, snapshot: SnapshotManifest) -> Commit:
    assert snapshot.rows_in
    _, commit = journey.trained(seconds=1200, tell=lambda _: None)
    return commit


@pytest.fixture(scope="module")
def served(journey: Journey, snapshot: SnapshotManifest, commit: Commit) -> Served:
    return journey.served(snapshot, commit, seconds=300)


def test_every_raw_row_is_accounted_for(snapshot: SnapshotManifest) -> None:
    accounted = snapshot.rows_kept + snapshot.rows_quarantined + snapshot.rows_filtered
    assert accounted == snapshot.rows_in


def test_the_run_passes_its_gates(commit: Commit) -> None:
    assert commit.outcome is Outcome.PASSED
    assert {gate.name for gate in commit.gates} >= {"parity"}


def test_the_served_model_is_as_good_as_boosting(served: Served) -> None:
    assert served.accuracy >= served.boosting - 0.02


def test_served_answers_are_those_of_torch(
    journey: Journey, commit: Commit, served: Served, tmp_path: Path
) -> None:
    told = journey.kubectl.get(f"configmap/{served.run}")["data"]["spec.json"]
    with tenant_store(journey.namespace) as store:
        expected = expected_scores(store, RunSpec.from_bytes(told.encode()), commit, tmp_path)
    with journey.kubectl.forward(f"svc/{server(NAME)}", 8080) as address:
        parity = measure_served(address, NAME, expected)
    assert parity.rows >= PARITY_ROWS
    assert parity.max_abs_error <= LARGEST_ERROR
    assert parity.json_equals_binary


def test_every_pod_on_the_way_is_restricted_and_has_no_token(
    journey: Journey, served: Served
) -> None:
    # The pods of Jobs that have ended are still there.
    pods = journey.kubectl.get("pods", "-l", "app.kubernetes.io/name=trimtab")["items"]
    assert served.run in {pod["metadata"]["labels"].get(labels.RUN) for pod in pods}
    assert {pod["metadata"]["labels"][labels.COMPONENT] for pod in pods} == set(labels.Component)
    for pod in pods:
        assert violations(pod["spec"]) == [], pod["metadata"]["name"]
        assert tokens(pod["spec"]) == [], pod["metadata"]["name"]


def test_unchanged_manifests_start_nothing(journey: Journey, served: Served) -> None:
    before = _versions(journey.kubectl)
    for name in ("dataset", "pipeline", "model"):
        journey.kubectl.apply(EXAMPLES / f"{name}.yaml")
    assert _versions(journey.kubectl) == before
    # An operator that has just started looks at every object, whatever became of its version.
    with _restarted_operator() as address:
        wait_until(lambda: _looked_at(address, journey.namespace), 60, what="all are looked at")
    assert _runs(journey.kubectl) == [served.run]
    assert _versions(journey.kubectl) == before


def test_an_edited_gate_trains_nothing(journey: Journey, served: Served) -> None:
    gate = {"name": "accuracy", "kind": "Metric", "metric": "Accuracy", "min": "0.6"}
    _edit(journey.kubectl, [{"op": "add", "path": "/spec/gates/-", "value": gate}])
    commit = _next_commit(journey, {served.run})
    trained = {use.result.stage: use.cached for use in commit.stages}
    # Only the comparison with the champion, which the first run did not have, is new.
    assert [stage for stage, cached in trained.items() if not cached] == [StageName.EVALUATE]
    assert commit.model.file.digest == served.digest


def test_an_edited_lever_runs_again_from_there(journey: Journey, served: Served) -> None:
    known = set(_runs(journey.kubectl))
    lever = {"name": "clip", "op": "Clip", "quantile": "0.001"}
    _edit(journey.kubectl, [{"op": "add", "path": "/spec/levers/-", "value": lever}])
    commit = _next_commit(journey, known)
    assert not any(stage.cached for stage in commit.stages)
    # The levers before it are taken as the first run fitted them.
    assert commit.stages[0].result.numbers[FITTED] == 1
    assert commit.snapshot == journey_snapshot(journey)
    assert served.run in known


def journey_snapshot(journey: Journey) -> str:
    digest: str = journey.kubectl.get(f"dataset/{NAME}")["status"]["snapshot"]["digest"]
    return digest


def _edit(kubectl: Kubectl, patch: list[dict[str, Any]]) -> None:
    kubectl.run("patch", f"pipeline/{NAME}", "--type=json", "-p", json.dumps(patch))


def _next_commit(journey: Journey, known: set[str]) -> Commit:
    wait_until(lambda: set(_runs(journey.kubectl)) - known, 60, interval=0.5)
    _, commit = journey.trained(seconds=900, tell=lambda _: None)
    return commit


@contextmanager
def _restarted_operator() -> Iterator[str]:
    """Replace the operator's pod and yield the address of the new one's metrics."""
    system = Kubectl(SYSTEM_NAMESPACE)
    system.run("delete", "pods", "-l", of_component("operator"))
    system.run("rollout", "status", "deployment/trimtab-operator", "--timeout=100s")
    with system.forward("deployment/trimtab-operator", 9090) as address:
        yield address


def _looked_at(address: str, namespace: str) -> bool:
    """Whether the operator has decided about all three objects: it then shows their series."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=5) as answer:
        lines = answer.read().decode().splitlines()
    series = [line for line in lines if line.startswith("trimtab_object_ready{")]
    about = [line for line in series if f'name="{NAME}",namespace="{namespace}"' in line]
    return all(any(f'kind="{kind}"' in line for line in about) for kind in LOOKED_AT)


def _runs(kubectl: Kubectl) -> list[str]:
    return [run["metadata"]["name"] for run in kubectl.get("pipelineruns")["items"]]


def _versions(kubectl: Kubectl) -> dict[str, str]:
    # The monitor writes its part of a DriftMonitor as time goes by.
    items = kubectl.get("datasets,pipelines,pipelineruns,models")["items"]
    return {
        f"{item['kind']}/{item['metadata']['name']}": item["metadata"]["resourceVersion"]
        for item in items
    }
