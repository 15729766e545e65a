"""Champion against challenger: figures of the rows."""

import numpy as np
import pytest
from sklearn import metrics as witness

from support.paired_rollouts import Case, answers
from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.paired import compare

TRUTH, CHAMPION, CHALLENGER = answers(Case(0.3, 0.1, 0.03), 2000, np.random.default_rng(1))


@pytest.mark.parametrize(
    ("metric", "score"),
    [
        (Metric.ACCURACY, witness.accuracy_score),
        (Metric.BALANCED_ACCURACY, witness.balanced_accuracy_score),
    ],
)
def test_estimates_are_those_of_the_rows(metric: Metric, score: object) -> None:
    assert callable(score)
    found = compare(TRUTH, CHAMPION, CHALLENGER, metric, classes=2)

    assert found.rows == 2000
    assert found.champion == pytest.approx(score(TRUTH, CHAMPION))
    assert found.challenger == pytest.approx(score(TRUTH, CHALLENGER))
    assert found.difference == pytest.approx(found.challenger - found.champion)
    assert found.agreement == pytest.approx(float((CHAMPION == CHALLENGER).mean()))
    assert found.low < found.difference < found.high


def test_no_rows_say_nothing() -> None:
    none = np.zeros(0, np.int64)
    found = compare(none, none, none, classes=2)

    assert (found.rows, found.agreement, found.difference) == (0, 1.0, 0.0)
    assert (found.low, found.high) == (-1.0, 1.0)


def test_models_that_always_agree_are_soon_known_to_be_equal() -> None:
    found = compare(TRUTH, CHAMPION, CHAMPION, classes=2)

    assert found.difference == 0.0
    assert -0.02 < found.low < 0 < found.high < 0.02


def test_classes_are_weighted_alike_by_balanced_accuracy_only() -> None:
    truth = np.repeat([0, 1], [1900, 100])
    champion, challenger = truth.copy(), truth.copy()
    challenger[1900:1950] = 0
    balanced = compare(truth, champion, challenger, classes=2)
    plain = compare(truth, champion, challenger, Metric.ACCURACY, classes=2)

    assert balanced.difference == pytest.approx(-0.25)
    assert plain.difference == pytest.approx(-0.025)
    assert balanced.high < -0.02


def test_several_classes_are_compared() -> None:
    random = np.random.default_rng(4)
    truth = random.integers(0, 5, 4000)
    champion = np.where(random.random(4000) < 0.8, truth, random.integers(0, 5, 4000))
    challenger = np.where(random.random(4000) < 0.1, truth, champion)
    found = compare(truth, champion, challenger, classes=5)

    assert found.challenger == pytest.approx(witness.balanced_accuracy_score(truth, challenger))
    assert 0 < found.low < found.difference < found.high


def test_other_metrics_are_refused() -> None:
    with pytest.raises(ValueError, match="RocAuc cannot be compared in pairs; use BalancedAcc"):
        compare(TRUTH, CHAMPION, CHALLENGER, Metric.ROC_AUC, classes=2)


@pytest.mark.parametrize(
    ("alarms", "classes", "metric", "ends"),
    [
        pytest.param(0.0, 2, Metric.BALANCED_ACCURACY, (-0.5, 0.5), id="never alarms"),
        pytest.param(0.2, 2, Metric.BALANCED_ACCURACY, (-0.6, 0.4), id="alarms too often"),
        pytest.param(0.0, 5, Metric.BALANCED_ACCURACY, (-0.8, 0.8), id="four have not come"),
        pytest.param(0.0, 2, Metric.ACCURACY, (0.0, 0.0), id="accuracy knows no classes"),
    ],
)
def test_a_class_that_has_not_come_may_go_either_way(
    alarms: float, classes: int, metric: Metric, ends: tuple[float, float]
) -> None:
    random = np.random.default_rng(5)
    calm = np.zeros(2000, np.int64)
    champion, challenger = (
        (random.random(len(calm)) < share).astype(np.int64) for share in (0.03, alarms)
    )
    found = compare(calm, champion, challenger, metric, classes=classes)

    assert found.low < found.difference < found.high
    assert (found.low, found.high) == pytest.approx(ends, abs=0.1)
