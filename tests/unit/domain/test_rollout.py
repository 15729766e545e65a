"""Every transition of a rollout, as a table: rules, evidence, health -> state and reason."""

from datetime import timedelta
from typing import Any

import pytest

from support.rollouts import B, evidence, refuses, rolling, trial
from trimtab_operator.api.rollout import Rollout, RolloutEvidence
from trimtab_operator.domain.rollout import judge_rollout, on_trial
from trimtab_operator.domain.version_health import Health, Pace

WELL = Health(requests=500, pace=Pace(1.1, 0.0001, 500))


def judge(
    rules: dict[str, Any], found: dict[str, Any] | None, health: Health, *, confirmed: bool = True
) -> tuple[str, str, str]:
    told = RolloutEvidence.model_validate(found) if found is not None else None
    result = judge_rollout(Rollout.model_validate(rules), told, health, confirmed=confirmed)
    return result.state, result.reason, result.message


@pytest.mark.parametrize(
    ("age", "found", "state", "reason"),
    [
        pytest.param(59, None, "Progressing", "Shadowing", id="in time"),
        pytest.param(60, None, "RolledBack", "Inconclusive", id="no evidence at all"),
        pytest.param(
            60, {"digest": B, "rows": 9, "labelled": 0}, "RolledBack", "Inconclusive", id="no label"
        ),
        pytest.param(60, evidence(199, 0.0), "RolledBack", "Inconclusive", id="too few labels"),
        pytest.param(60, evidence(300, 0.0), "Promoted", "NotWorse", id="good at the last moment"),
        pytest.param(60, evidence(300, -0.2), "RolledBack", "Worse", id="worse"),
        pytest.param(60, evidence(5000, -0.02), "Held", "Held", id="complete, undecided"),
    ],
)
@pytest.mark.parametrize("confirmed", [True, False])
def test_a_rollout_that_nothing_decides_ends_in_time(
    age: int, found: dict[str, Any] | None, state: str, reason: str, *, confirmed: bool
) -> None:
    rules = Rollout.model_validate({"maxSeconds": 60})
    told = RolloutEvidence.model_validate(found) if found is not None else None
    result = judge_rollout(rules, told, WELL, confirmed=confirmed, age=timedelta(seconds=age))
    if confirmed or age < rules.max_seconds:
        assert (result.state, result.reason) == (state, reason)
    else:
        assert (result.state, result.reason) == ("RolledBack", "Inconclusive")


def test_the_end_of_a_rollout_without_labels_is_told_with_its_numbers() -> None:
    rules = Rollout.model_validate({"maxSeconds": 60})
    found = RolloutEvidence.model_validate({"digest": B, "rows": 9, "labelled": 0})
    result = judge_rollout(rules, found, WELL, confirmed=True, age=timedelta(hours=1))
    assert result.message == (
        "`maxSeconds` 60 are over and nothing has decided: 0 labelled of 9 rows: nothing to "
        "compare yet."
    )


@pytest.mark.parametrize(
    ("rules", "found", "state", "reason"),
    [
        pytest.param({}, None, "Progressing", "Shadowing", id="no evidence yet"),
        pytest.param({}, evidence(200, 0.0), "Promoted", "NotWorse", id="equal, enough rows"),
        pytest.param({}, evidence(199, 0.0), "Progressing", "Shadowing", id="one row too few"),
        pytest.param({}, evidence(199, 0.3), "Progressing", "Shadowing", id="good, few rows"),
        pytest.param({}, evidence(300, -0.0101), "Progressing", "Shadowing", id="low below margin"),
        pytest.param({}, evidence(300, -0.0099), "Promoted", "NotWorse", id="low above margin"),
        pytest.param({}, evidence(20, -0.2), "RolledBack", "Worse", id="worse beyond doubt"),
        pytest.param({}, evidence(300, -0.0299), "Progressing", "Shadowing", id="high in margin"),
        pytest.param(
            {}, evidence(4999, -0.02), "Progressing", "Shadowing", id="one row before max"
        ),
        pytest.param({}, evidence(5000, -0.02), "Held", "Held", id="complete, undecided"),
        pytest.param(
            {"onInconclusive": "RollBack"},
            evidence(5000, -0.02),
            "RolledBack",
            "Inconclusive",
            id="complete, undecided, taken back",
        ),
        pytest.param(
            {"maxRows": 300}, evidence(300, -0.02), "Held", "Held", id="maxRows ends it earlier"
        ),
        pytest.param(
            {"minRows": 50}, evidence(50, 0.0), "Promoted", "NotWorse", id="minRows ends it earlier"
        ),
        pytest.param(
            {"margin": "0.1"}, evidence(300, -0.05), "Promoted", "NotWorse", id="a wide margin"
        ),
        pytest.param({"margin": "0"}, evidence(300, -0.02), "RolledBack", "Worse", id="no margin"),
        pytest.param(
            {},
            {"digest": B, "rows": 9000, "labelled": 0},
            "Progressing",
            "Shadowing",
            id="rows without labels",
        ),
        pytest.param(
            {},
            {"digest": B, "rows": 9000, "labelled": 6000},
            "Held",
            "Held",
            id="labels that compare nothing",
        ),
    ],
)
def test_evidence(
    rules: dict[str, Any], found: dict[str, Any] | None, state: str, reason: str
) -> None:
    assert judge(rules, found, WELL)[:2] == (state, reason)


@pytest.mark.parametrize(
    ("rules", "health", "reason"),
    [
        pytest.param({}, Health(requests=0, failed=3), "ErrorRateExceeded", id="all fail"),
        pytest.param({}, Health(requests=0, failed=2), None, id="two failures are no rate"),
        pytest.param({}, Health(requests=1000, failed=8), None, id="a rate below the limit"),
        pytest.param({}, Health(requests=1000, failed=12), None, id="above it, perhaps by chance"),
        pytest.param({}, Health(requests=1000, failed=40), "ErrorRateExceeded", id="beyond chance"),
        pytest.param(
            {"maxErrorRate": "0.1"}, Health(requests=1000, failed=40), None, id="more is allowed"
        ),
        pytest.param(
            {}, Health(requests=500, pace=Pace(2.01, 0.001, 500)), "LatencyExceeded", id="slow"
        ),
        pytest.param({}, Health(requests=500, pace=Pace(2.0, 0.001, 500)), None, id="just fast"),
        pytest.param(
            {}, Health(requests=500, pace=Pace(3.0, 0.0004, 500)), None, id="slow by nothing"
        ),
        pytest.param({}, Health(requests=50, pace=Pace(9.0, 0.1, 99)), None, id="slow, few rows"),
        pytest.param(
            {"maxLatencyRatio": "5"},
            Health(requests=500, pace=Pace(4.0, 0.1, 500)),
            None,
            id="slower is allowed",
        ),
        pytest.param({}, Health(restarts=1), None, id="one restart is an accident"),
        pytest.param({}, Health(restarts=2), "PodsRestarted", id="two are none"),
        *(
            pytest.param({}, Health(refused=refuses("b", reason)), reason, id=reason)
            for reason in (
                "CrashedOnLoad",
                "GoldenRequestFailed",
                "InvalidModel",
                "WrongInputs",
                "DigestMismatch",
                "ModelMissing",
            )
        ),
    ],
)
@pytest.mark.parametrize("confirmed", [True, False], ids=["confirmed", "not confirmed"])
def test_faults_come_first(
    rules: dict[str, Any],
    health: Health,
    reason: str | None,
    confirmed: bool,  # noqa: FBT001 - a table's column
) -> None:
    state, told, _ = judge(rules, evidence(100, 0.1), health, confirmed=confirmed)

    assert (state, told) == (("RolledBack", reason) if reason else ("Progressing", "Shadowing"))


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(evidence(5000, 0.1), id="better"),
        pytest.param(evidence(5000, -0.1), id="worse"),
        pytest.param(evidence(5000, -0.02), id="complete, undecided"),
    ],
)
def test_evidence_does_not_count_before_all_pods_follow(found: dict[str, Any]) -> None:
    assert judge({}, found, WELL, confirmed=False)[0] == "Progressing"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param({}, None, id="no challenger"),
        pytest.param(trial(), B, id="a challenger"),
        pytest.param(trial(state="Held"), None, id="a held one, which waits for a newer run"),
        pytest.param({"rollout": {"digest": B, "state": "Held"}}, None, id="one that is gone"),
    ],
)
def test_who_is_on_trial(status: dict[str, Any], expected: str | None) -> None:
    assert on_trial(rolling(status).status) == expected


@pytest.mark.parametrize(
    ("rules", "found", "health", "words"),
    [
        pytest.param(
            {"metric": "Accuracy", "confidence": "0.9"},
            evidence(250, 0.0123, 0.005),
            WELL,
            "250 labelled of 250 rows: Accuracy of challenger - champion +0.0123, 90.00% interval "
            "+0.0073..+0.0173, margin 0.02.",
            id="evidence",
        ),
        pytest.param(
            {},
            None,
            Health(requests=5, failed=5),
            "The version failed 5 of 10 requests; `maxErrorRate` allows 1.00%.",
            id="errors",
        ),
        pytest.param(
            {},
            None,
            Health(refused=refuses("b", "InvalidModel", "ONNX Runtime cannot load the file")),
            "A pod refuses the version: ONNX Runtime cannot load the file",
            id="refusal",
        ),
    ],
)
def test_messages_carry_the_numbers(
    rules: dict[str, Any], found: dict[str, Any] | None, health: Health, words: str
) -> None:
    assert judge(rules, found, health)[2] == words
