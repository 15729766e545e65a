"""What people read after bad input: faults of stages, nodes and servers as an object's condition.

The texts are in `tests/golden/bad_input.yaml`; `condition` there is `Kind Type=Status Reason`.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from support.worlds import NOW, RELEASE, STORE, dataset, job, model, pod, run
from trimtab_operator.api.base import Status
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.model import plan_model
from trimtab_operator.domain.observed import (
    DeploymentView,
    JobView,
    ObservedDataset,
    ObservedModel,
    ObservedPipelineRun,
    PodView,
)
from trimtab_operator.domain.pipelinerun import plan_pipelinerun
from trimtab_stages.contract.serving_plan import ServerState, VersionState
from trimtab_stages.runtime.termination import FINAL, exit_code, termination_of
from trimtab_stages.serve.model.refusal import VersionRefusedError

GOLDEN: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parents[1] / "golden" / "bad_input.yaml").read_text(encoding="utf-8")
)
STORE_CASES = (
    "missing-bucket",
    "wrong-access-key",
    "wrong-endpoint",
    "wrong-object-key",
    "no-conditional-writes",
)
"""Texts that need a real server; every other one is made by the unit tests."""


@dataclass(frozen=True, slots=True)
class Said:
    """One condition, as the golden file has it."""

    condition: str
    message: str

    @classmethod
    def of(cls, kind: str, status: Status, condition: str) -> "Said":
        """Return what a status says under a condition."""
        found = status.condition(condition)
        assert found is not None, f"{kind} has no condition {condition}"
        return cls(f"{kind} {condition}={found.status} {found.reason}", found.message)


def check_text(case: str, said: Said, places: dict[str, str] | None = None) -> None:
    """Compare a condition with the golden one.

    Args:
        case: key in the golden file.
        said: what was said.
        places: addresses and folders of this test run, and what the golden file has for them.
    """
    message = said.message
    for here, there in (places or {}).items():
        message = message.replace(here, there)
    golden = GOLDEN[case]
    assert (said.condition, message) == (golden["condition"], golden["message"])


def ended_job(error: Exception) -> JobView:
    """Return the Job whose only pod ended with this error."""
    words = termination_of(error)
    code = exit_code(words)
    last = pod(
        phase="Failed",
        exit_code=code,
        termination_message=words.model_dump_json(by_alias=True),
    )
    reason = "PodFailurePolicy" if code == FINAL else "MaxFailedIndexesExceeded"
    return job(last, active=0, failed=1, failure_reason=reason)


def of_dataset(seen: JobView, condition: str = "Ready", **spec: Any) -> Said:
    """Return what a Dataset says whose ingest's Job looks like this."""
    world = replace(ObservedDataset(release=RELEASE, storage=STORE), job=seen)
    return Said.of("Dataset", plan_dataset(dataset(**spec), world, NOW).status, condition)


def of_run(seen: JobView, condition: str = "Failed") -> Said:
    """Return what a PipelineRun says whose Job looks like this."""
    world = replace(ObservedPipelineRun(release=RELEASE, storage=STORE), job=seen)
    return Said.of("PipelineRun", plan_pipelinerun(run(), world, NOW).status, condition)


def of_own_onnx(refusal: VersionRefusedError, digest: str) -> Said:
    """Return what a Model of a user's own file says when its pod refuses the file."""
    server = replace(pod("bikes-server-0"), ip="10.0.0.1")
    subject = model(pipelineRef=None, onnx={"uri": "raw/model.onnx", "digest": digest})
    version = VersionState(digest=digest, reason=refusal.reason, message=refusal.message)
    world = ObservedModel(
        release=RELEASE,
        storage=STORE,
        deployment=_deployment(server),
        servers={server.name: ServerState(revision="", ready=False, versions=[version])},
    )
    return Said.of("Model", plan_model(subject, world, NOW).status, "Ready")


def _deployment(server: PodView) -> DeploymentView:
    return DeploymentView("bikes-server", generation=1, observed_generation=1, pods=(server,))
