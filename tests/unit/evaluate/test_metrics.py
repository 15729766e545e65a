"""Our metrics against scikit-learn's, as an independent witness."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from sklearn import metrics as witness

from trimtab_stages.contract.gates import Metric
from trimtab_stages.evaluate.metrics import measure
from trimtab_stages.evaluate.scored import Scored, score_rows

Check = Callable[[Scored], float]
THRESHOLD = 0.4


def binary(rows: int = 700, decimals: int = 6) -> Scored:
    random = np.random.default_rng(3)
    target = (random.random(rows) < 0.3).astype(np.int64)
    logits = random.normal(size=rows) + 1.2 * target - 0.5
    scores = np.round(1 / (1 + np.exp(-logits)), decimals).astype(np.float32)
    return score_rows(target, scores, THRESHOLD)


def several(rows: int = 700) -> Scored:
    random = np.random.default_rng(4)
    target = random.integers(0, 4, rows)
    logits = random.normal(size=(rows, 4)) + 1.5 * np.eye(4)[target]
    scores = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return score_rows(target, scores.astype(np.float32), None)


def one_hot(scored: Scored) -> npt.NDArray[np.float64]:
    return np.eye(scored.classes)[scored.target]


def false_positive_rate(scored: Scored) -> float:
    tables = witness.multilabel_confusion_matrix(scored.target, scored.decisions)
    rates = tables[:, 0, 1] / tables[:, 0].sum(axis=1)
    return float(rates[1] if scored.classes == 2 else rates.mean())


def average(scored: Scored) -> str:
    return "binary" if scored.classes == 2 else "macro"


WITNESSES: dict[Metric, Check] = {
    Metric.BALANCED_ACCURACY: lambda s: witness.balanced_accuracy_score(s.target, s.decisions),
    Metric.ACCURACY: lambda s: witness.accuracy_score(s.target, s.decisions),
    Metric.RECALL: lambda s: witness.recall_score(s.target, s.decisions, average=average(s)),
    Metric.PRECISION: lambda s: witness.precision_score(s.target, s.decisions, average=average(s)),
    Metric.FALSE_POSITIVE_RATE: false_positive_rate,
    Metric.ROC_AUC: lambda s: (
        witness.roc_auc_score(s.target, s.scores)
        if s.classes == 2
        else witness.roc_auc_score(one_hot(s), s.scores, average="macro")
    ),
    Metric.AVERAGE_PRECISION: lambda s: (
        witness.average_precision_score(s.target, s.scores)
        if s.classes == 2
        else witness.average_precision_score(one_hot(s), s.scores, average="macro")
    ),
    Metric.LOG_LOSS: lambda s: witness.log_loss(s.target, s.probabilities()),
}


@pytest.mark.parametrize("metric", WITNESSES, ids=str)
@pytest.mark.parametrize(
    "scored",
    [
        pytest.param(binary(), id="binary"),
        pytest.param(binary(decimals=1), id="binary-with-ties"),
        pytest.param(several(), id="four-classes"),
    ],
)
@pytest.mark.filterwarnings("ignore:The y_prob values do not sum to one")
def test_metric_equals_scikit_learns(metric: Metric, scored: Scored) -> None:
    assert measure(metric, scored) == pytest.approx(WITNESSES[metric](scored), abs=1e-6)


def test_calibration_error_is_the_mean_gap_of_ten_equal_bins() -> None:
    scored = binary(1000)
    order = np.argsort(scored.scores)
    gaps = [
        abs(float((scored.scores[chunk] - scored.target[chunk]).sum()))
        for chunk in np.array_split(order, 10)
    ]
    assert measure(Metric.CALIBRATION_ERROR, scored) == pytest.approx(sum(gaps) / 1000, abs=2e-3)


def test_calibrated_scores_have_no_calibration_error() -> None:
    target = np.tile([0, 1], 500)
    scored = score_rows(target, np.full(1000, 0.5, dtype=np.float32), None)
    assert measure(Metric.CALIBRATION_ERROR, scored) == pytest.approx(0)


@pytest.mark.parametrize("metric", [Metric.ROC_AUC, Metric.RECALL, Metric.AVERAGE_PRECISION])
def test_a_metric_of_an_absent_class_is_undefined(metric: Metric) -> None:
    scored = score_rows(np.zeros(5, np.int64), np.linspace(0, 1, 5, dtype=np.float32), 0.5)
    assert np.isnan(measure(metric, scored))


def test_precision_without_any_flag_is_zero() -> None:
    scored = score_rows(np.array([0, 1]), np.array([0.1, 0.2], dtype=np.float32), 0.5)
    assert measure(Metric.PRECISION, scored) == 0.0
