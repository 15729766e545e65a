"""What a Model needs next; a fault never takes away a version that serves."""

from dataclasses import replace
from typing import Any

import pytest

from support.specs import DIGEST
from support.worlds import (
    LOST_STORE,
    NOW,
    OTHER_DIGEST,
    RELEASE,
    STORE,
    commit,
    finished,
    later,
    message,
    model,
    pipeline,
    pod,
    run,
    steps,
    told,
    version,
)
from trimtab_operator.api.model import Model, ModelStatus, Version
from trimtab_operator.domain.model import plan_model
from trimtab_operator.domain.observed import DeploymentView, ObservedModel, PodView
from trimtab_operator.domain.plan import Apply, Plan, Record
from trimtab_operator.domain.serving_plan import plan_of_commit
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import ServerState, ServingPlan, VersionState

PASSED = run(status=finished())
CHAMPION = {"champion": version()}
COMMITS = {"bikes-3f9a1c20d7": commit()}
SERVER = ["Apply ConfigMap/bikes-plan", "Apply Service/bikes-server"]
SERVER += ["Apply PodDisruptionBudget/bikes-server", "Apply Deployment/bikes-server"]
ONNX = {"pipelineRef": None, "onnx": {"uri": "raw/m.onnx", "digest": DIGEST}}
REVISION = plan_of_commit(model(), commit()).revision


def world(**parts: Any) -> ObservedModel:
    seen = ObservedModel(release=RELEASE, storage=STORE, pipeline=pipeline())
    return replace(seen, **parts)


def serving(*pods: PodView, revision: str = REVISION, **state: Any) -> ObservedModel:
    """Return a world whose pods follow a plan."""
    view = DeploymentView(
        "bikes-server", 1, 1, replicas=len(pods), updated_replicas=len(pods), pods=pods
    )
    states = {item.name: ServerState(revision=revision, ready=True, **state) for item in pods}
    return world(runs=(PASSED,), commits=COMMITS, deployment=view, servers=states)


def plan(subject: Model, seen: ObservedModel) -> Plan:
    return plan_model(subject, seen, NOW)


def status_of(result: Plan) -> ModelStatus:
    assert isinstance(result.status, ModelStatus)
    return result.status


def champion_of(result: Plan) -> Version:
    champion = status_of(result).champion
    assert champion is not None
    return champion


def first_cause(result: Plan) -> str:
    first = result.actions[0]
    assert isinstance(first, Record)
    return first.cause


def applied_plan(result: Plan) -> ServingPlan:
    maps = [item.manifest for item in result.actions if isinstance(item, Apply)]
    (found,) = [item for item in maps if item["kind"] == "ConfigMap"]
    return ServingPlan.model_validate_json(found["data"]["plan.json"])


def test_a_model_waits_for_a_run_that_passes() -> None:
    result = plan(model(), world())

    assert steps(result) == []
    assert told(result)["Ready"] == "False WaitingForRun"
    assert message(result, "Ready") == (
        "No run of Pipeline `bikes` has passed its gates yet; `kubectl get pipelineruns -l "
        "trimtab.dev/pipeline=bikes` lists them."
    )


def test_the_first_passed_run_is_promoted_and_recorded_before_the_plan() -> None:
    result = plan(model(), world(runs=(PASSED,), commits=COMMITS))

    assert steps(result) == ["Record Promoted", "Emit Promoted", *SERVER]
    assert champion_of(result).run == "bikes-3f9a1c20d7"
    assert applied_plan(result).versions[0].digest == DIGEST
    assert told(result)["Ready"] == "False Deploying"
    assert status_of(result).url == "http://bikes-server.demo.svc:8080/v2/models/bikes"


def test_a_known_champion_is_not_promoted_again() -> None:
    result = plan(model(CHAMPION), serving(pod(ready=True)))

    assert steps(result) == SERVER
    assert told(result)["Ready"] == "True Answering"
    assert told(result)["Serving"] == "True Answering"
    assert status_of(result).plan_revision == REVISION
    assert status_of(result).ready_replicas == 1
    assert result.requeue_after is None


def test_pods_that_follow_an_older_plan_are_nudged() -> None:
    seen = serving(pod("old", ready=True), revision="sha256:older")

    result = plan(model(CHAMPION), seen)

    assert steps(result)[-1] == "Nudge old"
    assert told(result)["Ready"] == "False Deploying"
    assert message(result, "Ready") == "0 of 1 pods answer with the newest plan."


def test_pods_that_were_told_of_the_newest_plan_are_not_nudged_again() -> None:
    told_pod = replace(pod("old", ready=True), told_revision=REVISION)

    result = plan(model(CHAMPION), serving(told_pod, revision="sha256:older"))

    assert steps(result) == SERVER
    assert told(result)["Ready"] == "False Deploying"


def test_pods_that_refused_the_plan_before_are_told_of_the_newest_one() -> None:
    told_pod = replace(pod("back", ready=True), told_revision="sha256:refused")

    result = plan(model(CHAMPION), serving(told_pod))

    assert steps(result)[-1] == "Nudge back"
    assert told(result)["Ready"] == "True Answering"


def test_some_answering_pods_serve_while_others_start() -> None:
    seen = serving(pod("a", ready=True), pod("b"))

    result = plan(model(CHAMPION, serving={"replicas": 2}), seen)

    assert told(result)["Ready"] == "False Deploying"
    assert told(result)["Serving"] == "True Deploying"


def test_a_changed_deployment_is_not_ready_before_it_is_rolled_out() -> None:
    seen = serving(pod(ready=True))
    assert seen.deployment is not None
    rolling = replace(seen.deployment, generation=2)

    result = plan(model(CHAMPION), replace(seen, deployment=rolling))

    assert told(result)["Ready"] == "False Deploying"


def test_a_pod_that_cannot_start_explains_the_model() -> None:
    stuck = pod(phase="Pending", waiting_reason="ErrImagePull", image="nowhere/x:1")

    result = plan(model(CHAMPION), replace(serving(stuck), servers={}))

    assert told(result)["Serving"] == "False ImagePullFailed"
    assert "Correct `spec.serving.image` of Model `bikes`" in message(result, "Serving")


@pytest.mark.parametrize(
    ("reason", "stalls"),
    [
        pytest.param(ServingReason.DIGEST_MISMATCH, True, id="another file than promised"),
        pytest.param(ServingReason.CRASHED_ON_LOAD, True, id="a file that kills its reader"),
        pytest.param(ServingReason.STORE_UNREACHABLE, False, id="a store that may come back"),
    ],
)
def test_a_refused_version(reason: ServingReason, stalls: bool) -> None:  # noqa: FBT001 - a table's column
    state = VersionState(digest=DIGEST, reason=reason, message="The file is not what it should be.")

    result = plan(model(CHAMPION), serving(pod(ready=True), revision="", versions=[state]))

    assert told(result)["Ready"] == f"False {reason}"
    assert ("Stalled" in told(result)) is stalls
    assert message(result, "Ready") == (
        "A pod of Model `bikes` refuses the version: The file is not what it should be."
    )


def test_a_newer_passed_run_takes_over() -> None:
    newer = run("bikes-new", status=finished())
    seen = replace(serving(pod(ready=True)), runs=(PASSED, newer))
    commits = COMMITS | {"bikes-new": commit("bikes-new")}

    result = plan(model(CHAMPION), replace(seen, commits=commits))

    assert steps(result)[:2] == ["Record Promoted", "Emit Promoted"]
    assert [item.run for item in status_of(result).history] == ["bikes-3f9a1c20d7"]


def test_a_lost_store_leaves_the_served_plan_alone() -> None:
    seen = replace(serving(pod(ready=True)), storage=LOST_STORE, commits={})

    result = plan(model({**CHAMPION, "planRevision": REVISION}), seen)

    assert steps(result) == SERVER[1:]
    assert told(result)["Ready"] == "True Answering"
    assert told(result)["StorageReachable"] == "False StoreUnreachable"


def test_a_missing_pipeline_leaves_the_served_plan_alone() -> None:
    result = plan(model(CHAMPION), replace(serving(pod(ready=True)), pipeline=None, runs=()))

    assert told(result)["Validated"] == "False ReferenceNotFound"
    assert told(result)["Ready"] == "True Answering"


def test_suspend_stops_all_pods() -> None:
    result = plan(model(CHAMPION, suspend=True), serving(pod(ready=True)))

    (deployment,) = [
        item.manifest
        for item in result.actions
        if isinstance(item, Apply) and item.manifest["kind"] == "Deployment"
    ]
    assert deployment["spec"]["replicas"] == 0
    assert told(result)["Paused"] == "True Suspended"
    assert told(result)["Ready"] == "False Suspended"


def test_no_replicas_are_what_was_asked_for() -> None:
    result = plan(model(CHAMPION, serving={"replicas": 0}), serving())

    assert told(result)["Ready"] == "True Suspended"
    assert told(result)["Serving"] == "False Suspended"


def test_a_second_model_of_a_pipeline_stalls_and_touches_nothing() -> None:
    result = plan(model(), world(siblings=(model(),), runs=(PASSED,), commits=COMMITS))

    assert steps(result) == []
    assert told(result)["Stalled"] == "True NameCollision"
    assert message(result, "Stalled") == (
        "`spec.pipelineRef.name`: Model `bikes` already serves Pipeline `bikes`, which has one "
        "Model; delete one of the two, or name another Pipeline."
    )


def test_a_users_own_file_is_served_without_a_pipeline() -> None:
    result = plan(model(**ONNX), world(pipeline=None))

    assert steps(result) == ["Record Promoted", "Emit Promoted", *SERVER]
    assert applied_plan(result).versions[0].key == "raw/m.onnx"
    assert champion_of(result).run is None


def test_the_same_file_is_not_promoted_again() -> None:
    first = plan(model(**ONNX), world(pipeline=None))
    known = model(**ONNX).model_copy(update={"status": first.status})

    assert steps(plan_model(known, world(pipeline=None), later(60))) == SERVER


def test_a_file_that_comes_back_is_a_new_cause() -> None:
    other = {"pipelineRef": None, "onnx": {"uri": "raw/m.onnx", "digest": OTHER_DIGEST}}
    first = plan(model(**ONNX), world(pipeline=None))
    second = plan_model(
        model(**other).model_copy(update={"status": first.status}), world(), later(1)
    )
    third = plan_model(
        model(**ONNX).model_copy(update={"status": second.status}), world(), later(2)
    )

    assert steps(third)[0] == "Record Promoted"
    assert first_cause(first) != first_cause(third)


def test_a_deleted_model_is_left_alone() -> None:
    subject = model()
    gone = subject.metadata.model_copy(update={"deletion_timestamp": NOW})

    result = plan(subject.model_copy(update={"metadata": gone}), world())

    assert result == Plan(status=subject.status)


def test_planning_a_served_model_again_changes_nothing() -> None:
    seen = serving(pod(ready=True))
    first = plan(model(CHAMPION), seen)

    again = plan_model(model().model_copy(update={"status": first.status}), seen, later(60))

    assert again.status == first.status
    assert again.actions == first.actions
