"""Gates: every kind with every outcome, and which fields belong to which kind."""

from typing import Any

import pytest
from pydantic import ValidationError

from trimtab_stages.contract.gates import (
    Estimate,
    Evidence,
    Gate,
    GateResult,
    LeverLoss,
    Metric,
    Outcome,
    default_gates,
    judge,
    overall,
)

PASSED, FAILED, INCONCLUSIVE = Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE


def gate(**fields: Any) -> Gate:
    return Gate.model_validate({"name": "g", **fields})


def seen(metric: str, low: float, high: float, samples: int = 1000) -> list[Estimate]:
    value = (low + high) / 2
    return [Estimate(metric=Metric(metric), value=value, low=low, high=high, samples=samples)]


AT_LEAST = {"kind": "Metric", "metric": "RocAuc", "min": "0.8"}
AT_MOST = {"kind": "Metric", "metric": "LogLoss", "max": "0.4"}
NOT_WORSE = {"kind": "NonInferiority", "metric": "RocAuc", "margin": "0.02"}
NOT_HIGHER = {"kind": "NonInferiority", "metric": "LogLoss", "margin": "0.02"}
LEVER = {"columns_in": 4, "columns_out": 2}


@pytest.mark.parametrize(
    ("fields", "evidence", "outcome", "words"),
    [
        pytest.param(
            AT_LEAST, Evidence(estimates=seen("RocAuc", 0.81, 0.9)), PASSED,
            "RocAuc 0.8550 [0.8100, 0.9000] on 1000 rows, needs at least 0.8", id="min-above",
        ),
        pytest.param(
            AT_LEAST, Evidence(estimates=seen("RocAuc", 0.8, 0.9)), PASSED, "", id="min-on-bound"
        ),
        pytest.param(
            AT_LEAST, Evidence(estimates=seen("RocAuc", 0.6, 0.79)), FAILED, "", id="min-below"
        ),
        pytest.param(
            AT_LEAST, Evidence(estimates=seen("RocAuc", 0.7, 0.9)), INCONCLUSIVE, "",
            id="min-across",
        ),
        pytest.param(
            AT_LEAST, Evidence(estimates=seen("RocAuc", 0.9, 0.95, 99)), INCONCLUSIVE,
            "fewer than 100", id="min-too-few-rows",
        ),
        pytest.param(AT_LEAST, Evidence(), INCONCLUSIVE, "was not measured", id="min-unmeasured"),
        pytest.param(
            AT_MOST, Evidence(estimates=seen("LogLoss", 0.2, 0.4)), PASSED, "allows at most 0.4",
            id="max-below",
        ),
        pytest.param(
            AT_MOST, Evidence(estimates=seen("LogLoss", 0.41, 0.5)), FAILED, "", id="max-above"
        ),
        pytest.param(
            AT_MOST, Evidence(estimates=seen("LogLoss", 0.3, 0.5)), INCONCLUSIVE, "",
            id="max-across",
        ),
        pytest.param(
            NOT_WORSE, Evidence(versus_champion=None), PASSED, "no champion yet", id="first-version"
        ),
        pytest.param(
            NOT_WORSE, Evidence(versus_champion=[]), INCONCLUSIVE, "was not compared",
            id="not-compared",
        ),
        pytest.param(
            NOT_WORSE, Evidence(versus_champion=seen("RocAuc", -0.01, 0.03)), PASSED,
            "margin 0.02", id="not-worse",
        ),
        pytest.param(
            NOT_WORSE, Evidence(versus_champion=seen("RocAuc", -0.02, 0.03)), INCONCLUSIVE, "",
            id="margin-itself-is-not-enough",
        ),
        pytest.param(
            NOT_WORSE, Evidence(versus_champion=seen("RocAuc", -0.09, -0.03)), FAILED, "",
            id="worse",
        ),
        pytest.param(
            NOT_WORSE,
            Evidence(versus_champion=seen("RocAuc", -0.09, -0.03), champion_favoured=True),
            INCONCLUSIVE, "the champion has learnt from rows among them",
            id="worse-where-the-champion-is-favoured",
        ),
        pytest.param(
            NOT_WORSE,
            Evidence(versus_champion=seen("RocAuc", -0.01, 0.03), champion_favoured=True),
            PASSED, "", id="not-worse-even-where-the-champion-is-favoured",
        ),
        pytest.param(
            NOT_WORSE, Evidence(versus_champion=seen("RocAuc", 0.1, 0.2, 50)), INCONCLUSIVE,
            "fewer than 100 rows", id="compared-on-too-few-rows",
        ),
        pytest.param(
            NOT_HIGHER, Evidence(versus_champion=seen("LogLoss", -0.2, 0.01)), PASSED, "",
            id="smaller-is-better-passed",
        ),
        pytest.param(
            NOT_HIGHER, Evidence(versus_champion=seen("LogLoss", 0.03, 0.09)), FAILED, "",
            id="smaller-is-better-failed",
        ),
        pytest.param(
            NOT_HIGHER, Evidence(versus_champion=seen("LogLoss", -0.1, 0.05)), INCONCLUSIVE, "",
            id="smaller-is-better-across",
        ),
        pytest.param(
            {"kind": "Parity"}, Evidence(parity_max_abs_error=1e-5, parity_rows=9), PASSED,
            "at most 1.00e-05 on 9 rows", id="parity-default",
        ),
        pytest.param(
            {"kind": "Parity"}, Evidence(parity_max_abs_error=1e-3), FAILED, "", id="parity-broken"
        ),
        pytest.param(
            {"kind": "Parity", "max": "0.01"}, Evidence(parity_max_abs_error=1e-3), PASSED, "",
            id="parity-wider",
        ),
        pytest.param(
            {"kind": "Parity"}, Evidence(), INCONCLUSIVE, "not compared", id="parity-unknown"
        ),
        pytest.param(
            {"kind": "LearningCurve"}, Evidence(train_loss=0.2, validation_loss=0.3), PASSED,
            "1.50 x training loss", id="curve-close",
        ),
        pytest.param(
            {"kind": "LearningCurve"}, Evidence(train_loss=0.1, validation_loss=0.3), FAILED, "",
            id="curve-apart",
        ),
        pytest.param(
            {"kind": "LearningCurve", "max": "4"}, Evidence(train_loss=0.1, validation_loss=0.3),
            PASSED, "", id="curve-wider",
        ),
        pytest.param(
            {"kind": "LearningCurve"}, Evidence(train_loss=0.1), INCONCLUSIVE, "no learning curve",
            id="curve-unknown",
        ),
        pytest.param(
            {"kind": "LearningCurve"}, Evidence(train_loss=0.0, validation_loss=0.3), FAILED, "",
            id="curve-of-a-perfect-fit",
        ),
        pytest.param(
            {"kind": "InformationLoss"},
            Evidence(levers=[LeverLoss(name="a", loss=0.2, limit=0.1, **LEVER)]), FAILED,
            "a loses 0.2000 of 0.1", id="lever-loses-too-much",
        ),
        pytest.param(
            {"kind": "InformationLoss"},
            Evidence(
                levers=[
                    LeverLoss(name="a", loss=0.1, limit=0.1, **LEVER),
                    LeverLoss(name="b", loss=0.9, **LEVER),
                ]
            ),
            PASSED, "2 levers", id="levers-within-limits",
        ),
    ],
)  # fmt: skip
def test_judgement(
    fields: dict[str, Any], evidence: Evidence, outcome: Outcome, words: str
) -> None:
    (result,) = judge([gate(**fields)], evidence)
    assert result.outcome is outcome, result.message
    assert words in result.message


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        ([], PASSED),
        ([PASSED, PASSED], PASSED),
        ([PASSED, INCONCLUSIVE], INCONCLUSIVE),
        ([INCONCLUSIVE, FAILED], FAILED),
        ([FAILED, PASSED], FAILED),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else value,
)
def test_overall(outcomes: list[Outcome], expected: Outcome) -> None:
    results = [
        GateResult.model_validate({"name": "g", "kind": "Parity", "outcome": one, "message": ""})
        for one in outcomes
    ]
    assert overall(results) is expected


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "Metric", "min": "0.5"}, "`metric` must be set"),
        ({"kind": "Parity", "metric": "RocAuc"}, "`metric` must be set"),
        ({"kind": "Metric", "metric": "RocAuc"}, "one of `min` and `max`"),
        ({"kind": "Metric", "metric": "RocAuc", "min": "0", "max": "1"}, "one of `min` and `max`"),
        ({"kind": "Parity", "min": "1"}, "`min` belongs to kind Metric"),
        ({"kind": "Parity", "margin": "1"}, "`margin` belongs to kind NonInferiority"),
        ({"kind": "InformationLoss", "max": "1"}, "`max` does not belong"),
    ],
)
def test_fields_must_fit_the_kind(fields: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        gate(**fields)


def test_default_gates_pass_a_good_first_version() -> None:
    results = judge(default_gates(), Evidence(parity_max_abs_error=0.0, parity_rows=1))
    assert [result.name for result in results] == ["parity", "not-worse"]
    assert overall(results) is PASSED


def test_long_messages_are_cut() -> None:
    levers = [LeverLoss(name=f"lever-{n}", loss=1, limit=0, **LEVER) for n in range(64)]
    (result,) = judge([gate(kind="InformationLoss")], Evidence(levers=levers))
    assert len(result.message) == 512
