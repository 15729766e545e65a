from decimal import Decimal

import numpy as np
import pytest

from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.recipe import Decision
from trimtab_stages.evaluate.bootstrap import Bootstrap
from trimtab_stages.evaluate.metrics import measure
from trimtab_stages.evaluate.scored import decide, score_rows
from trimtab_stages.evaluate.threshold import choose_threshold, match_share

HOW = Bootstrap(resamples=200)
RANDOM = np.random.default_rng(0)
TARGET = (RANDOM.random(4000) < 0.1).astype(np.int64)
LOGITS = RANDOM.normal(size=4000) + 2.0 * TARGET - 2.5
SCORES = (1 / (1 + np.exp(-LOGITS))).astype(np.float32)


def chosen(**decision: object) -> float:
    return choose_threshold(TARGET, SCORES, Decision.model_validate(decision), HOW)


def test_threshold_of_rare_positives_lies_low_and_near_the_best() -> None:
    threshold = chosen()
    found = measure(Metric.BALANCED_ACCURACY, score_rows(TARGET, SCORES, threshold))
    best = max(
        measure(Metric.BALANCED_ACCURACY, score_rows(TARGET, SCORES, float(candidate)))
        for candidate in np.quantile(SCORES, np.linspace(0, 1, 200))
    )
    neutral = measure(Metric.BALANCED_ACCURACY, score_rows(TARGET, SCORES, 0.5))
    assert threshold < 0.4
    assert best - found < 0.02
    assert found > neutral + 0.1


def test_indistinguishable_thresholds_give_the_neutral_one() -> None:
    target = np.tile([0, 1], 300)
    scores = np.where(target == 1, 0.9, 0.1).astype(np.float32)
    assert choose_threshold(target, scores, Decision(), HOW) == 0.5


def test_smallest_recall_is_kept() -> None:
    threshold = chosen(min_recall="0.95")
    assert measure(Metric.RECALL, score_rows(TARGET, SCORES, threshold)) >= 0.95
    assert threshold < chosen()


def test_recall_that_cannot_be_kept_gives_the_most_recall() -> None:
    scores = np.array([0.2, 0.4, 0.6, 0.8], dtype=np.float32)
    decision = Decision(min_recall=Decimal(1))
    threshold = choose_threshold(np.array([1, 0, 0, 1]), scores, decision, HOW)
    assert decide(scores, threshold).tolist() == [1, 1, 1, 1]


def test_false_positive_rate_is_minimised() -> None:
    threshold = chosen(objective=Metric.FALSE_POSITIVE_RATE, min_recall="0.5")
    flagged = score_rows(TARGET, SCORES, threshold)
    assert measure(Metric.RECALL, flagged) >= 0.5
    assert measure(Metric.FALSE_POSITIVE_RATE, flagged) < 0.1


@pytest.mark.parametrize("metric", [Metric.ROC_AUC, Metric.LOG_LOSS])
def test_metrics_without_a_threshold_give_the_neutral_one(metric: Metric) -> None:
    assert chosen(objective=metric) == 0.5


def test_rows_at_the_threshold_are_decided_as_one() -> None:
    scores = np.array([0.5, 0.49999], dtype=np.float32)
    assert decide(scores, float(scores[0])).tolist() == [1, 0]


@pytest.mark.parametrize("threshold", [0.02, 0.1, 0.3, 0.9])
def test_matched_threshold_flags_the_same_share(threshold: float) -> None:
    other = np.sqrt(SCORES)
    matched = match_share(SCORES, threshold, other)
    assert decide(other, matched).sum() == decide(SCORES, threshold).sum()


@pytest.mark.parametrize(("threshold", "flagged"), [(2.0, 0), (0.0, 4000)])
def test_matched_threshold_of_none_and_all(threshold: float, flagged: int) -> None:
    assert decide(np.sqrt(SCORES), match_share(SCORES, threshold, np.sqrt(SCORES))).sum() == flagged
