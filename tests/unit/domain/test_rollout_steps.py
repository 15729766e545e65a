"""Each step of a rollout in the whole decision about a Model: plan, records, status, conditions."""

from datetime import timedelta
from typing import Any

import pytest

from support.rollouts import (
    A,
    B,
    alone,
    applied,
    counts,
    decide,
    deployed,
    evidence,
    made,
    passed,
    refuses,
    roles,
    rolling,
    served,
    shadowed,
    times,
    trial,
)
from support.worlds import NOW, later, pod, steps, told
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.plan import Record
from trimtab_operator.domain.serving_plan import plan_of_commit

SERVER = ["Apply Service/bikes-server", "Apply PodDisruptionBudget/bikes-server"]
SERVER += ["Apply Deployment/bikes-server"]
CONFIG = "Apply ConfigMap/bikes-plan"
WELL = (counts("a", requests=900), counts("b", shadow_requests=900))


def test_a_passed_run_begins_in_the_shadow_and_is_recorded_first() -> None:
    plan, status = decide(rolling(), served(alone()), NOW)

    assert steps(plan)[:3] == ["Record RolloutStarted", "Emit RolloutStarted", CONFIG]
    assert roles(applied(plan)) == "a100 b-shadow"
    assert status.champion is not None
    assert status.challenger is not None
    assert status.rollout is not None
    assert (status.champion.digest, status.challenger.digest) == (A, B)
    assert (status.rollout.stage, status.rollout.state) == ("Shadow", "Progressing")
    assert told(plan)["RolloutProgressing"] == "True Shadowing"


def test_the_record_names_run_and_evidence() -> None:
    plan, _ = decide(rolling(), served(alone()), NOW)

    record = plan.actions[0]
    assert isinstance(record, Record)
    assert record.cause == "trigger-b"
    assert "Run `bikes-b` passed" in record.reason
    assert [item.name for item in record.evidence] == ["model", "snapshot"]


def test_with_several_pods_one_loads_first() -> None:
    plan, status = decide(rolling(serving={"replicas": 2}), served(alone(), pods=2), NOW)

    assert roles(applied(plan)) == "a100 b-shadow@pod-0"
    assert status.rollout is not None
    assert (status.rollout.stage, status.rollout.first_pod) == ("FirstPod", "pod-0")
    assert told(plan)["ChallengerHealthy"] == "Unknown Starting"


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        pytest.param(served(shadowed("pod-0"), *WELL, pods=2), "a100 b-shadow", id="then all do"),
        pytest.param(served(alone(), pods=2), "a100 b-shadow@pod-0", id="not before it has"),
        pytest.param(
            served(shadowed("pod-0"), pods=2, deployment=deployed(pod("pod-7", ready=True))),
            "a100 b-shadow@pod-7",
            id="another one when it is gone",
        ),
        pytest.param(
            served(
                shadowed("pod-0"),
                deployment=deployed(pod("pod-0"), pod("pod-1", ready=True)),
                servers={},
            ),
            "a100 b-shadow@pod-0",
            id="the same one while it restarts",
        ),
        pytest.param(
            served(
                shadowed("pod-0"),
                *WELL,
                pods=2,
                deployment=deployed(pod("pod-0"), pod("pod-1", ready=True)),
            ),
            "a100 b-shadow@pod-0",
            id="not while it restarts, although all ready ones follow",
        ),
    ],
)
def test_the_step_from_one_pod_to_all(seen: ObservedModel, expected: str) -> None:
    subject = rolling(trial("FirstPod", firstPod="pod-0"), serving={"replicas": 2})

    assert roles(applied(decide(subject, seen, NOW)[0])) == expected


def test_evidence_does_not_count_in_the_step_that_spreads_the_challenger() -> None:
    subject = rolling(trial("FirstPod", firstPod="pod-0", evidence=evidence(900, 0.1)))

    _, status = decide(subject, served(shadowed("pod-0"), *WELL, pods=2), NOW)

    assert status.challenger is not None


@pytest.mark.parametrize(
    ("found", "seen", "expected", "condition"),
    [
        pytest.param(None, served(shadowed(), *WELL), "a100 b-shadow", "True Shadowing", id="none"),
        pytest.param(
            evidence(900, 0.1), served(shadowed(), *WELL), "b100 a0", "False Guarded", id="better"
        ),
        pytest.param(
            evidence(900, 0.1),
            served(alone(), *WELL),
            "a100 b-shadow",
            "True Shadowing",
            id="early",
        ),
        pytest.param(
            evidence(900, 0.1),
            served(shadowed(), counts("a", requests=900)),
            "a100 b-shadow",
            "True Shadowing",
            id="pods that say nothing of it",
        ),
        pytest.param(
            evidence(900, 0.1) | {"digest": A},
            served(shadowed(), *WELL),
            "a100 b-shadow",
            "True Shadowing",
            id="about another version",
        ),
        pytest.param(
            evidence(900, -0.2), served(shadowed(), *WELL), "a100", "False RolledBack", id="worse"
        ),
        pytest.param(
            evidence(5000, -0.02),
            served(shadowed(), *WELL),
            "a100 b-shadow",
            "False Held",
            id="hold",
        ),
        pytest.param(
            None,
            served(shadowed(), counts("b", shadow_requests=10, shadow_failed_requests=40)),
            "a100",
            "False RolledBack",
            id="errors",
        ),
        pytest.param(
            None,
            served(
                shadowed(),
                counts("a", requests=200, times=[times(0.001)]),
                counts("b", shadow_requests=200, times=[times(0.003)]),
            ),
            "a100",
            "False RolledBack",
            id="slow",
        ),
        pytest.param(
            None,
            served(alone(), refuses("b", "CrashedOnLoad")),
            "a100",
            "False RolledBack",
            id="refused",
        ),
        pytest.param(
            None,
            served(alone(), refuses("b", "StoreUnreachable")),
            "a100 b-shadow",
            "True Shadowing",
            id="a store that may come back",
        ),
    ],
)
def test_where_a_shadow_leads(
    found: dict[str, Any] | None, seen: ObservedModel, expected: str, condition: str
) -> None:
    plan, _ = decide(rolling(trial(evidence=found)), seen, NOW)

    assert roles(applied(plan)) == expected
    assert told(plan)["RolloutProgressing"] == condition


def test_a_promotion_is_recorded_before_the_plan() -> None:
    subject = rolling(trial(evidence=evidence(900, 0.1)))

    plan, status = decide(subject, served(shadowed(), *WELL), NOW)

    assert steps(plan)[:3] == ["Record Promoted", "Emit Promoted", CONFIG]
    assert status.champion is not None
    assert (status.champion.digest, status.champion.since) == (B, NOW)
    assert [item.digest for item in status.history] == [A]
    assert status.challenger is None
    assert status.rollout is not None
    assert (status.rollout.state, status.rollout.former) == ("Promoted", A)


def test_a_rollback_is_done_first_and_recorded_by_the_next_look() -> None:
    subject = rolling(trial(evidence=evidence(900, -0.2)))
    seen = served(shadowed(), *WELL)

    first, status = decide(subject, seen, NOW)
    second, after = decide(subject.model_copy(update={"status": status}), seen, NOW)

    assert steps(first) == [CONFIG, *SERVER, "Nudge pod-0", "Emit RolledBack"]
    assert [item.action for item in status.unwritten] == ["RolledBack"]
    assert first.requeue_after == 0.0
    assert steps(second) == [CONFIG, *SERVER, "Nudge pod-0", "Record RolledBack"]
    assert after.unwritten == []


def test_a_version_that_was_rolled_back_is_not_tried_again() -> None:
    seen = served(shadowed(), *WELL)
    subject = rolling(trial(evidence=evidence(900, -0.2)))
    for _ in range(3):
        plan, status = decide(subject, seen, NOW)
        subject = subject.model_copy(update={"status": status})

    assert roles(applied(plan)) == "a100"
    assert [item.run for item in status.rejected] == ["bikes-b"]


def test_nothing_new_begins_before_a_rollback_is_recorded() -> None:
    subject = rolling(trial(evidence=evidence(900, -0.2)))
    _, status = decide(subject, served(shadowed(), *WELL), NOW)
    newer = served(alone(), runs=(passed("a"), passed("b"), passed("c")))

    second, after = decide(subject.model_copy(update={"status": status}), newer, NOW)
    third, _ = decide(subject.model_copy(update={"status": after}), newer, NOW)

    assert roles(applied(second)) == "a100"
    assert steps(third)[0] == "Record RolloutStarted"
    assert roles(applied(third)) == "a100 c-shadow"


def test_a_hold_is_recorded_once_and_ends_by_evidence() -> None:
    seen = served(shadowed(), *WELL)
    subject = rolling(trial(evidence=evidence(5000, -0.02)))

    first, status = decide(subject, seen, NOW)
    held = subject.model_copy(update={"status": status})
    again, _ = decide(held, seen, later(60))
    assert status.rollout is not None
    found = status.rollout.model_copy(update={"evidence": _better()})
    better = status.model_copy(update={"rollout": found})
    ended, _ = decide(held.model_copy(update={"status": better}), seen, later(90))

    assert steps(first)[-2:] == ["Record RolloutHeld", "Emit RolloutHeld"]
    assert "Record RolloutHeld" not in steps(again)
    assert roles(applied(ended)) == "b100 a0"


def test_a_rollout_without_labels_is_taken_back_when_its_time_is_over() -> None:
    seen = served(shadowed(), *WELL)
    subject = rolling(trial(evidence=evidence(9, 0.0)), rollout={"maxSeconds": 3600})
    began = subject.status.challenger
    assert began is not None

    early, _ = decide(subject, seen, began.since + timedelta(seconds=3599))
    plan, status = decide(subject, seen, began.since + timedelta(seconds=3600))

    assert roles(applied(early)) == "a100 b-shadow"
    assert roles(applied(plan)) == "a100"
    assert steps(plan)[-1] == "Emit RolledBack"
    assert [item.action for item in status.unwritten] == ["RolledBack"]
    assert "nothing has decided" in status.unwritten[0].reason
    assert [item.run for item in status.rejected] == ["bikes-b"]
    assert told(plan)["RolloutProgressing"] == "False RolledBack"


def test_a_hold_outlasts_the_time_of_its_rollout() -> None:
    found = trial(state="Held", evidence=evidence(5000, -0.02))
    subject = rolling(found, rollout={"maxSeconds": 60})
    for seen in (served(shadowed(), *WELL), served(alone(), *WELL)):
        plan, status = decide(subject, seen, later(1_000_000))
        assert roles(applied(plan)) == "a100 b-shadow"
        assert status.rollout is not None
        assert status.rollout.state == "Held"


def _better() -> Any:
    found = rolling(trial(evidence=evidence(6000, 0.02))).status.rollout
    assert found is not None
    return found.evidence


def test_a_hold_survives_a_pod_that_restarts() -> None:
    subject = rolling(trial(state="Held", evidence=evidence(5000, -0.02)))

    _, status = decide(subject, served(alone(), *WELL), NOW)

    assert status.rollout is not None
    assert status.rollout.state == "Held"


def test_the_champion_answers_while_the_challenger_is_loaded() -> None:
    subject = rolling(trial() | {"planRevision": alone().revision})

    plan, status = decide(subject, served(alone()), NOW)

    assert told(plan)["Ready"] == "True Answering"
    assert told(plan)["Reconciling"] == "True Deploying"
    assert steps(plan)[-1] == "Nudge pod-0"
    assert status.plan_revision == alone().revision


def test_planning_a_shadow_again_changes_nothing() -> None:
    seen = served(shadowed(), *WELL)
    subject = rolling(trial(evidence=evidence(100, 0.0)))
    first, status = decide(subject, seen, NOW)

    again, after = decide(subject.model_copy(update={"status": status}), seen, later(60))

    assert after == status
    assert again.actions == first.actions


def test_a_rollout_looks_at_its_pods_from_time_to_time() -> None:
    subject = rolling(trial())

    plan, _ = decide(subject, served(shadowed(), *WELL), NOW)

    assert plan.requeue_after == 10.0


def test_capture_settings_reach_a_plan_with_two_versions() -> None:
    subject = rolling(trial(), capture={"fraction": "0.5"})

    found = applied(decide(subject, served(shadowed(), *WELL), NOW)[0])

    assert found == plan_of_commit(subject, made("a"), challenger=made("b"))
    assert found is not None
    assert found.capture_fraction == 0.5
