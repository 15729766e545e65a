"""Worlds of a Model with two versions: the champion A and the challenger B, served by pods."""

from dataclasses import replace
from functools import cache
from typing import Any

from support.worlds import (
    CREATED,
    RELEASE,
    STORE,
    commit,
    finished,
    model,
    pipeline,
    pod,
    run,
    version,
)
from trimtab_operator.api.model import Model, ModelStatus
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.model import plan_model
from trimtab_operator.domain.observed import DeploymentView, ObservedModel, PodView
from trimtab_operator.domain.plan import Apply, Plan
from trimtab_operator.domain.serving_plan import plan_of_commit
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import (
    RunTimes,
    ServerState,
    ServingPlan,
    VersionCounts,
    VersionState,
)

A, B, C = (f"sha256:{letter * 64}" for letter in "abc")
RULES: dict[str, Any] = {}
"""`spec.rollout` with all defaults."""
PIPELINE = pipeline()


@cache
def made(letter: str) -> Commit:
    """Return the commit of run `bikes-<letter>`, whose model has the digest of that letter."""
    found = commit(f"bikes-{letter}")
    digest = f"sha256:{letter * 64}"
    file = ArtifactRef(key=f"blobs/{letter}/model.onnx", digest=digest, size=1)
    artifact = found.model.model_copy(update={"file": file})
    return found.model_copy(update={"model": artifact, "trigger_id": f"trigger-{letter}"})


@cache
def passed(letter: str) -> PipelineRun:
    """Return run `bikes-<letter>`, whose gates all passed."""
    status = finished(modelDigest=f"sha256:{letter * 64}")
    return run(f"bikes-{letter}", status, triggerId=f"trigger-{letter}")


def stored(letter: str) -> dict[str, Any]:
    """Return the version of run `bikes-<letter>` as a status holds it."""
    found = version(f"bikes-{letter}", f"sha256:{letter * 64}")
    return found.model_copy(update={"key": f"blobs/{letter}/model.onnx"}).to_wire()


def rolling(status: dict[str, Any] | None = None, **spec: Any) -> Model:
    """Return a Model with rollout rules whose champion is A."""
    return model({"champion": stored("a")} | (status or {}), **({"rollout": RULES} | spec))


def trial(stage: str = "Shadow", state: str = "Progressing", **more: Any) -> dict[str, Any]:
    """Return the status of a Model whose challenger is B."""
    rollout = {"digest": B, "stage": stage, "state": state, "since": CREATED} | more
    return {"challenger": stored("b"), "rollout": rollout}


def evidence(labelled: int, difference: float, width: float = 0.01, **more: Any) -> dict[str, Any]:
    """Return evidence about B, as the monitor writes it."""
    return {
        "digest": B,
        "rows": labelled,
        "labelled": labelled,
        "agreement": "0.9",
        "difference": f"{difference:.6f}",
        "low": f"{difference - width:.6f}",
        "high": f"{difference + width:.6f}",
        "through": CREATED,
    } | more


def counts(letter: str, **numbers: Any) -> VersionState:
    """Return what a pod says of a loaded version that did something."""
    return VersionState(
        digest=f"sha256:{letter * 64}",
        reason=ServingReason.LOADED,
        counts=VersionCounts(**numbers),
    )


def times(seconds: float, runs: int = 200, size: int = 1) -> RunTimes:
    """Return the times of runs of one size, each of so many seconds."""
    return RunTimes(size=size, runs=runs, rows=runs * size, seconds=runs * seconds)


def refuses(letter: str, reason: str, words: str = "It does not load.") -> VersionState:
    """Return what a pod says of a version that it refuses."""
    digest = f"sha256:{letter * 64}"
    return VersionState(digest=digest, reason=ServingReason(reason), message=words)


def served(
    plan: ServingPlan, *states: VersionState, pods: int = 1, **changes: Any
) -> ObservedModel:
    """Return a world whose pods follow a plan and say this of its versions."""
    names = [f"pod-{number}" for number in range(pods)]
    views = tuple(pod(name, ready=True) for name in names)
    said = ServerState(revision=plan.revision, ready=True, versions=list(states))
    seen = ObservedModel(
        release=RELEASE,
        storage=STORE,
        pipeline=PIPELINE,
        runs=(passed("a"), passed("b")),
        commits={f"bikes-{letter}": made(letter) for letter in "abc"},
        deployment=deployed(*views),
        servers=dict.fromkeys(names, said),
    )
    return replace(seen, **changes)


def deployed(*pods: PodView) -> DeploymentView:
    """Return a Deployment that is rolled out."""
    count = len(pods)
    return DeploymentView("bikes-server", 1, 1, count, count, count, pods)


def alone(letter: str = "a", subject: Model | None = None) -> ServingPlan:
    """Return the plan of one version."""
    return plan_of_commit(subject or rolling(), made(letter))


def shadowed(only_on: str | None = None) -> ServingPlan:
    """Return the plan of champion A with B in its shadow."""
    return plan_of_commit(rolling(), made("a"), challenger=made("b"), only_on=only_on)


def guarded() -> ServingPlan:
    """Return the plan of the new champion B with A still loaded."""
    return plan_of_commit(rolling(), made("b"), former=made("a"))


def decide(subject: Model, seen: ObservedModel, now: Any) -> tuple[Plan, ModelStatus]:
    """Return the plan for a Model, and its status with its type."""
    plan = plan_model(subject, seen, now)
    assert isinstance(plan.status, ModelStatus)
    return plan, plan.status


def applied(plan: Plan) -> ServingPlan | None:
    """Return the serving plan that a plan writes, None where the pods keep theirs."""
    maps = [
        item.manifest
        for item in plan.actions
        if isinstance(item, Apply) and item.manifest["kind"] == "ConfigMap"
    ]
    return ServingPlan.model_validate_json(maps[0]["data"]["plan.json"]) if maps else None


def roles(plan: ServingPlan | None) -> str:
    """Return a serving plan in short: `a100 b-shadow`, `b100 a0`, with `@pod` where it is one."""
    if plan is None:
        return "unchanged"
    return " ".join(
        f"{item.digest[7]}{'-shadow' if item.shadow else item.weight}"
        f"{'@' + item.only_on if item.only_on else ''}"
        for item in plan.versions
    )
