"""Champion and challenger on the same labelled rows, for a rollout: valid at every look.

A row's gain is 1 where only the challenger is right, -1 where only the champion is, else 0. The
difference of accuracies is the mean gain; the difference of balanced accuracies is the mean over
classes of the mean gain. `confidence_sequence` bounds it so that a rollout may look after every row
and stop when it likes.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.confidence_sequence import Integers, bound_mean

COMPARED_METRICS = frozenset({Metric.BALANCED_ACCURACY, Metric.ACCURACY})
"""Metrics that are a mean of gains."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What the labelled rows say so far.

    Attributes:
        metric: which metric.
        rows: labelled rows that both have decided.
        agreement: share of rows that both decide alike; 1 without rows.
        champion: the metric of the champion; 0 without rows.
        challenger: the metric of the challenger; 0 without rows.
        difference: challenger - champion.
        low: lower end of the difference's confidence sequence.
        high: upper end.
    """

    metric: Metric
    rows: int
    agreement: float
    champion: float
    challenger: float
    difference: float
    low: float
    high: float


def compare(
    truth: Integers,
    champion: Integers,
    challenger: Integers,
    metric: Metric = Metric.BALANCED_ACCURACY,
    *,
    classes: int,
    margin: float = 0.02,
    confidence: float = 0.95,
) -> Comparison:
    """Return the paired difference with an interval that holds at all looks together.

    A class that has no labelled row yet is left out of the estimates of the balanced accuracy. The
    interval reckons with all that the versions may differ by there: who never alarms is as good as
    anybody until the first alarm is due.

    Args:
        truth: true class index, int64 [n]; at a later look the same rows come first, in the same
            order, which must not depend on who was right.
        champion: the champion's decisions, int64 [n].
        challenger: the challenger's decisions, int64 [n].
        metric: BalancedAccuracy or Accuracy.
        classes: how many the versions decide between.
        margin: difference that matters; the interval is narrowest around differences of its size.
        confidence: probability that the true difference is never outside.

    Raises:
        ValueError: the metric is no mean of gains.
    """
    if metric not in COMPARED_METRICS:
        raise ValueError(f"{metric} cannot be compared in pairs; use BalancedAccuracy or Accuracy")
    by_class = metric is Metric.BALANCED_ACCURACY
    strata = _by_appearance(truth if by_class else np.zeros_like(truth))
    gains = (challenger == truth).astype(np.int64) - (champion == truth)
    count = classes if by_class else 1
    low, high = bound_mean(gains, strata, max(margin, 0.001), 1 - confidence, count)
    before, after = (_mean_share(one == truth, strata) for one in (champion, challenger))
    agreement = float((champion == challenger).mean()) if len(truth) else 1.0
    return Comparison(
        metric=metric,
        rows=len(truth),
        agreement=agreement,
        champion=before,
        challenger=after,
        difference=after - before,
        low=low,
        high=high,
    )


def _by_appearance(classes: Integers) -> Integers:
    """Number the classes in the order in which they come first, int64 [n]."""
    _, first, inverse = np.unique(classes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse.reshape(-1)]


def _mean_share(right: np.ndarray, strata: Integers) -> float:
    """Return the mean over strata of the share of right rows."""
    if not len(strata):
        return 0.0
    rows = np.bincount(strata)
    return float((np.bincount(strata, weights=right) / rows).mean())
