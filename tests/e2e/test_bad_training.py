"""Trainings that cannot end well: why is said by the run and by its Pipeline."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from demo.installation import upload
from support.hourly_file import CSV, KEY, SPEC, hourly_dataset
from support.kubectl import Kubectl
from support.promised import promised, wait_for_ended_pod
from support.waiting import wait_until

pytestmark = pytest.mark.e2e

DATASET = "spoilt"
COMPUTE = {"cpu": "1", "memory": "2Gi", "maxAttempts": 1}


@dataclass(frozen=True)
class Case:
    """A recipe, and what its run says.

    Attributes:
        recipe: fields of the Pipeline's spec.
        reason: of the run's Failed condition.
        words: cause, object and next step.
    """

    recipe: dict[str, Any]
    reason: str
    words: tuple[str, str, str]


CASES = {
    # 134 million weights with their gradients and moments are 2.1 GB.
    "out-of-memory": Case(
        {"model": {"hidden": [8192, 8192, 8192]}},
        "OutOfMemory",
        ("was killed for memory", "process of pod `", "Raise `spec.compute.memory` of Pipeline"),
    ),
    "nan-loss": Case(
        {"levers": [], "training": {"learningRate": "10"}},
        "NaNLoss",
        ("at learning rate 10", "Pipeline `nan-loss`", "lower `spec.training.learningRate`"),
    ),
}


@pytest.fixture(scope="module")
def kubectl(installed: list[str]) -> Iterator[Kubectl]:
    """Yield kubectl in a namespace with a snapshot."""
    assert "faults" in installed
    kubectl = Kubectl("faults")
    upload(kubectl.namespace, KEY, CSV.encode())
    energy = {"name": "energy", "availability": "KnownInAdvance"}
    kubectl.apply(hourly_dataset(DATASET, {"columns": [*SPEC["columns"], energy]}))
    kubectl.wait(f"dataset/{DATASET}", "Ready", 300)
    yield kubectl
    kubectl.run("delete", "pipelines,pipelineruns,datasets", "--all", "--wait=true")


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_a_run_says_cause_object_and_next_step(
    kubectl: Kubectl, case: Case, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    spec = {"datasetRef": {"name": DATASET}, "compute": COMPUTE, **case.recipe}
    metadata = {"name": name}
    head = {"apiVersion": "trimtab.dev/v1alpha1", "kind": "Pipeline", "metadata": metadata}
    kubectl.apply(head | {"spec": spec})
    selector = f"trimtab.dev/pipeline={name}"
    wait_until(lambda: kubectl.get("pipelineruns", "-l", selector)["items"], 60, interval=0.5)
    wait_for_ended_pod(kubectl, selector)
    (run,) = kubectl.get("pipelineruns", "-l", selector)["items"]
    failed = promised(kubectl, f"pipelinerun/{run['metadata']['name']}", "Failed", case.reason)
    assert failed["status"] == "True"
    ready = promised(kubectl, f"pipeline/{name}", "Ready", "RunFailed")
    assert ready["status"] == "False"
    for words in case.words:
        assert words in failed["message"]
        assert words in ready["message"]
