"""Confusion counts of labelled rows, and metrics as functions of them.

Conventions as in `trimtab_stages.evaluate.metrics`, so that a window is judged as the test split
was.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.records import LabelledRows

DECISION_METRICS = frozenset(
    {
        Metric.BALANCED_ACCURACY,
        Metric.ACCURACY,
        Metric.RECALL,
        Metric.PRECISION,
        Metric.FALSE_POSITIVE_RATE,
    }
)
"""Metrics that decisions and labels give; the others need scores."""

_TWO_CLASSES = 2


@dataclass(frozen=True, slots=True)
class Proportions:
    """A metric as the mean of shares of independent groups of rows.

    Attributes:
        hits: rows that count, int64 [g].
        rows: rows in each group, int64 [g].
    """

    hits: Counts
    rows: Counts


def count_confusion(labelled: LabelledRows, classes: int) -> Counts:
    """Return counts[i, j]: rows of class i decided as j, int64 [K, K]; others are left out."""
    inside = (labelled.decided < classes) & (labelled.truth < classes)
    inside &= (labelled.decided >= 0) & (labelled.truth >= 0)
    pairs = labelled.truth[inside] * classes + labelled.decided[inside]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)


def proportions(metric: Metric, counts: Counts) -> Proportions | None:
    """Return the shares whose mean is the metric, or None where the counts do not define it.

    Args:
        metric: BalancedAccuracy, Accuracy, Recall, Precision or FalsePositiveRate.
        counts: confusion counts, [K, K].

    Raises:
        ValueError: the metric is no function of confusion counts.
    """
    hits, truths, flagged = np.diagonal(counts), counts.sum(axis=1), counts.sum(axis=0)
    match metric:
        case Metric.BALANCED_ACCURACY:
            present = truths > 0
            found = Proportions(hits[present], truths[present])
        case Metric.ACCURACY:
            found = Proportions(hits.sum(keepdims=True), truths.sum(keepdims=True))
        case Metric.RECALL:
            found = _of_positive(hits, truths)
        case Metric.PRECISION:
            found = _of_positive(hits, flagged)
        case Metric.FALSE_POSITIVE_RATE:
            found = _of_positive(flagged - hits, counts.sum() - truths)
        case _:
            raise ValueError(f"{metric} is no function of decisions and labels")
    defined = metric is Metric.PRECISION or bool((found.rows > 0).all())
    return found if len(found.rows) and counts.sum() and defined else None


def _of_positive(hits: Counts, rows: Counts) -> Proportions:
    """Return class 1's share for two classes, else all classes'."""
    chosen = slice(1, 2) if len(rows) == _TWO_CLASSES else slice(None)
    return Proportions(hits[chosen], rows[chosen])
