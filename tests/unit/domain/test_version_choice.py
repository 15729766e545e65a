"""When there is a rollout at all, and what stays where a commit cannot be read."""

import pytest

from support.rollouts import (
    alone,
    applied,
    counts,
    decide,
    evidence,
    made,
    passed,
    roles,
    rolling,
    served,
    shadowed,
    trial,
)
from support.worlds import NOW, message, model, steps, told

WELL = (counts("a", requests=900), counts("b", shadow_requests=900))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        pytest.param("Progressing", "a100 b-shadow", id="the present one is decided first"),
        pytest.param("Held", "a100 c-shadow", id="a held one gives way"),
    ],
)
def test_a_newer_run(state: str, expected: str) -> None:
    seen = served(shadowed(), *WELL, runs=(passed("a"), passed("b"), passed("c")))

    plan, _ = decide(rolling(trial(state=state)), seen, NOW)

    assert roles(applied(plan)) == expected


def test_the_first_version_needs_no_rollout() -> None:
    subject = model(rollout={})

    plan, status = decide(subject, served(alone(), runs=(passed("a"),)), NOW)

    assert steps(plan)[0] == "Record Promoted"
    assert status.rollout is None


def test_a_run_that_made_the_champions_file_again_needs_none_either() -> None:
    again = made("a").model_copy(update={"run": "bikes-b", "trigger_id": "trigger-b"})
    run = passed("b")
    same = run.model_copy(update={"status": passed("a").status})
    seen = served(
        alone(), runs=(passed("a"), same), commits={"bikes-a": made("a"), "bikes-b": again}
    )

    plan, status = decide(rolling(), seen, NOW)

    assert steps(plan)[0] == "Record Promoted"
    assert roles(applied(plan)) == "a100"
    assert status.champion is not None
    assert status.champion.run == "bikes-b"


def test_without_rules_the_challenger_is_promoted_at_once() -> None:
    subject = rolling(trial(), rollout=None)

    plan, status = decide(subject, served(shadowed(), *WELL), NOW)

    assert roles(applied(plan)) == "b100"
    assert status.challenger is None
    assert told(plan)["RolloutProgressing"] == "False Promoted"
    assert message(plan, "RolloutProgressing").startswith("`spec.rollout` was removed")


def test_without_rules_a_challenger_whose_run_is_gone_goes() -> None:
    subject = rolling(trial(), rollout=None)

    plan, status = decide(subject, served(shadowed(), *WELL, runs=()), NOW)

    assert roles(applied(plan)) == "a100"
    assert status.challenger is None


@pytest.mark.parametrize(
    "lost", ["bikes-a", "bikes-b"], ids=["of the champion", "of the challenger"]
)
def test_a_lost_commit_leaves_everything_as_it_is(lost: str) -> None:
    seen = served(shadowed(), *WELL)
    commits = {name: found for name, found in seen.commits.items() if name != lost}
    subject = rolling(trial(evidence=evidence(900, 0.1)) | {"planRevision": shadowed().revision})

    plan, status = decide(subject, served(shadowed(), *WELL, commits=commits), NOW)

    assert applied(plan) is None
    assert status.challenger == subject.status.challenger
    assert status.champion == subject.status.champion
    assert plan.requeue_after is not None


def test_a_lost_commit_of_the_champion_promotes_nothing_without_a_rollout() -> None:
    seen = served(alone(), commits={"bikes-b": made("b")})

    plan, status = decide(rolling(), seen, NOW)

    assert applied(plan) is None
    assert status.champion == rolling().status.champion
