"""Metrics of counts against the ones that judged the test split."""

import numpy as np
import pytest

from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.confusion import (
    DECISION_METRICS,
    count_confusion,
    proportions,
)
from trimtab_stages.drift.records import LabelledRows
from trimtab_stages.evaluate.metrics import measure
from trimtab_stages.evaluate.scored import Scored


def labelled(classes: int, rows: int = 500) -> LabelledRows:
    random = np.random.default_rng(classes)
    truth = random.integers(0, classes, rows)
    wrong = random.random(rows) < 0.3
    return LabelledRows(np.where(wrong, random.integers(0, classes, rows), truth), truth)


@pytest.mark.parametrize("metric", sorted(DECISION_METRICS))
@pytest.mark.parametrize("classes", [2, 4])
def test_windows_are_measured_as_the_test_split_was(metric: Metric, classes: int) -> None:
    rows = labelled(classes)
    scores = np.zeros((len(rows), classes), np.float32)
    expected = measure(metric, Scored(rows.truth, scores, rows.decided, classes))
    found = proportions(metric, count_confusion(rows, classes))

    assert found is not None
    assert float((found.hits / found.rows).mean()) == pytest.approx(expected)


def test_counts_are_truth_by_decision() -> None:
    rows = LabelledRows(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]))

    assert count_confusion(rows, 2).tolist() == [[1, 1], [0, 2]]


def test_classes_that_the_model_does_not_have_are_left_out() -> None:
    rows = LabelledRows(np.array([0, 5, -1, 1]), np.array([0, 0, 1, 7]))

    assert count_confusion(rows, 2).tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("metric", "counts", "defined"),
    [
        pytest.param(Metric.RECALL, [[5, 0], [0, 0]], False, id="recall without positives"),
        pytest.param(Metric.FALSE_POSITIVE_RATE, [[0, 0], [1, 4]], False, id="no negatives"),
        pytest.param(Metric.PRECISION, [[5, 0], [2, 0]], True, id="nothing flagged is precision 0"),
        pytest.param(Metric.BALANCED_ACCURACY, [[5, 1], [0, 0]], True, id="one class is there"),
        pytest.param(Metric.BALANCED_ACCURACY, [[0, 0], [0, 0]], False, id="no labels"),
        pytest.param(Metric.ACCURACY, [[0, 0], [0, 0]], False, id="no labels, accuracy"),
        pytest.param(Metric.PRECISION, [[0, 0], [0, 0]], False, id="no labels, precision"),
        pytest.param(Metric.ACCURACY, np.zeros((0, 0), int), False, id="no classes"),
    ],
)
def test_a_metric_needs_the_rows_it_is_a_share_of(
    metric: Metric, counts: list[list[int]], *, defined: bool
) -> None:
    assert (proportions(metric, np.array(counts)) is not None) == defined


def test_metrics_of_scores_are_refused() -> None:
    with pytest.raises(ValueError, match="RocAuc is no function of decisions"):
        proportions(Metric.ROC_AUC, np.ones((2, 2), np.int64))
