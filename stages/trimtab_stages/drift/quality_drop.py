"""By how much a window's quality is worse than what its version has shown before.

It is compared with the version's test split and with the first window that measured it. A test
split may promise too little: the network that is served has learnt its rows too, and another season
may be easier. The larger drop counts, of those that are no chance.

A drop is the difference of two metrics that were both measured on some rows, so its limits combine
those of both by the squares of their distances (Zou and Donner 2008). The two comparisons share the
5 %: limits hold with at least 97.5 % each, so that the larger one is chance no oftener than one
comparison would be.
"""

from dataclasses import dataclass
from math import hypot

import numpy as np

from trimtab_stages.contract.gates import SMALLER_IS_BETTER, Metric
from trimtab_stages.contract.monitoring import FirstWindow, Quality, QualityReference
from trimtab_stages.drift.confusion import proportions
from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.quality import CONFIDENCE, Measured, measure_all

COMPARISONS = 2
"""With the test split and with the first window."""
_EACH = 1 - (1 - CONFIDENCE) / COMPARISONS


@dataclass(frozen=True, slots=True)
class Drop:
    """By how much a metric is worse than a reference, with its interval.

    Attributes:
        value: positive where it is worse.
        low: lower limit.
        high: upper limit.
        reference: what the metric is compared with.
        reference_of: whose figure that is.
    """

    value: float
    low: float
    high: float
    reference: float
    reference_of: QualityReference

    @property
    def is_sure(self) -> bool:
        """Whether it is no chance."""
        return self.low > 0


@dataclass(frozen=True, slots=True)
class Judged:
    """Realised quality of a window, and how far it has dropped."""

    quality: Quality
    drop: Drop


def judge_quality(
    metric: Metric, counts: Counts, tested: Counts, first: FirstWindow | None
) -> Judged | None:
    """Return a window's quality and its drop, or None where the counts do not define it.

    Args:
        metric: which metric.
        counts: confusion counts of the window, [K, K].
        tested: those of the version's test split, [K, K].
        first: the version's first measured window; None where there is none before.
    """
    references = {QualityReference.TEST_SPLIT: tested}
    if first is not None:
        references[QualityReference.FIRST_WINDOW] = np.array(first.counts, dtype=np.int64)
    shares = [proportions(metric, rows) for rows in (counts, counts, *references.values())]
    defined = [one for one in shares if one is not None]
    if len(defined) < len(shares):
        return None
    window, *compared = measure_all(defined, [CONFIDENCE, *[_EACH] * (len(shares) - 1)])
    drops = [
        _drop(metric, compared[0], reference, whose)
        for whose, reference in zip(references, compared[1:], strict=True)
    ]
    drop = max(drops, key=lambda one: (one.is_sure, one.value))
    quality = Quality(
        metric=metric,
        value=window.value,
        low=window.low,
        high=window.high,
        reference=drop.reference,
        reference_of=drop.reference_of,
        tested=drops[0].reference,
        first=first,
        labels=int(counts.sum()),
        counts=counts.tolist(),
    )
    return Judged(quality, drop)


def worse_by(metric: Metric, value: float, reference: float) -> float:
    """Return by how much a metric is worse than a reference; negative where it is better."""
    return value - reference if metric in SMALLER_IS_BETTER else reference - value


def _drop(metric: Metric, window: Measured, reference: Measured, whose: QualityReference) -> Drop:
    better, worse = reference, window
    if metric in SMALLER_IS_BETTER:
        better, worse = window, reference
    value = better.value - worse.value
    return Drop(
        value=value,
        low=value - hypot(better.value - better.low, worse.high - worse.value),
        high=value + hypot(better.high - better.value, worse.value - worse.low),
        reference=reference.value,
        reference_of=whose,
    )
