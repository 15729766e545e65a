"""What pods are told to serve, and which of them do."""

import pytest

from support.rollouts import made, roles
from support.specs import DIGEST
from support.worlds import OTHER_DIGEST, commit, model, pod
from trimtab_operator.domain.observed import DeploymentView, PodView
from trimtab_operator.domain.serving_plan import (
    Wanted,
    all_follow,
    champion_of_file,
    following,
    plan_of_commit,
    plan_of_file,
)
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import ServerState, VersionState

NEW, OLD = "sha256:new", "sha256:old"


def state(revision: str, *, ready: bool = True, reason: str = "Loaded") -> ServerState:
    version = VersionState(digest=DIGEST, reason=ServingReason(reason))
    return ServerState(revision=revision, ready=ready, versions=[version])


def view(*pods: PodView) -> DeploymentView:
    return DeploymentView("bikes-server", 1, 1, pods=pods)


def test_a_plan_carries_everything_that_the_server_needs() -> None:
    found = plan_of_commit(model(capture={"fraction": "0.25", "flushSeconds": 5}), commit())

    version = found.versions[0]
    assert (version.weight, version.threshold, version.classes) == (100, 0.5, ["0", "1"])
    assert version.golden == commit().model.golden
    assert (found.capture_fraction, found.flush_seconds) == (0.25, 5)


def test_a_users_own_file_has_its_threshold() -> None:
    onnx = {"uri": "raw/m.onnx", "digest": DIGEST, "threshold": "0.3"}
    subject = model(pipelineRef=None, onnx=onnx)

    source = subject.spec.onnx
    assert source is not None
    found = plan_of_file(subject, source)

    assert (found.versions[0].key, found.versions[0].threshold) == ("raw/m.onnx", 0.3)
    assert champion_of_file(subject, source) is None


def test_the_same_world_gives_the_same_revision() -> None:
    assert plan_of_commit(model(), commit()).revision == plan_of_commit(model(), commit()).revision


def test_pods_are_told_apart() -> None:
    pods = (
        pod("answers", ready=True),
        pod("unready"),
        pod("older", ready=True),
        pod("silent", ready=True),
        pod("starting", phase="Pending"),
    )
    servers = {
        "answers": state(NEW),
        "unready": state(NEW),
        "older": state(OLD),
    }

    found = following(view(*pods), servers, Wanted(NEW, DIGEST))

    assert [item.name for item in found.answering] == ["answers"]
    assert found.behind == ("older", "silent")
    assert found.refused is None


def test_one_refusal_is_enough() -> None:
    pods = (pod("a", ready=True), pod("b", ready=True))
    servers = {"a": state(NEW), "b": state(OLD, reason="DigestMismatch")}

    refused = following(view(*pods), servers, Wanted(NEW, DIGEST)).refused

    assert refused is not None
    assert refused.reason is ServingReason.DIGEST_MISMATCH


def test_without_a_deployment_nobody_follows() -> None:
    assert following(None, {}, Wanted(NEW, DIGEST)).answering == ()


def test_another_version_refused_is_not_the_champion() -> None:
    servers = {"a": state(NEW, reason="InvalidModel")}

    assert following(view(pod("a")), servers, Wanted(NEW, OTHER_DIGEST)).refused is None


def test_pods_on_an_earlier_plan_of_the_same_champion_answer_and_are_behind() -> None:
    servers = {"a": state(NEW), "b": state(OLD)}

    found = following(
        view(pod("a", ready=True), pod("b", ready=True)), servers, Wanted(NEW, DIGEST, OLD)
    )

    assert [item.name for item in found.answering] == ["a", "b"]
    assert found.behind == ("b",)


@pytest.mark.parametrize(
    ("pods", "expected"),
    [
        pytest.param((pod("a", ready=True), pod("b", ready=True)), True, id="all ready ones"),
        pytest.param((pod("a", ready=True), pod("c")), True, id="an unready one is not asked"),
        pytest.param((pod("a", ready=True), pod("c", ready=True)), False, id="one is behind"),
        pytest.param((pod("c"),), False, id="none is ready"),
        pytest.param((), False, id="there is none"),
    ],
)
def test_a_plan_is_confirmed_by_all_ready_pods(
    pods: tuple[PodView, ...],
    expected: bool,  # noqa: FBT001 - a table's column
) -> None:
    servers = {"a": state(NEW), "b": state(NEW), "c": state(OLD)}

    assert all_follow(view(*pods), servers, NEW) is expected


def test_champion_former_and_challenger_stand_in_this_order() -> None:
    plan = plan_of_commit(
        model(), made("a"), former=made("b"), challenger=made("c"), only_on="pod-3"
    )

    assert roles(plan) == "a100 b0 c-shadow@pod-3"
