"""A metric of labelled rows with a 95 % interval.

Every metric is the mean of shares of groups of rows (a class's recall, its precision, ...). A
share's limits are those p at which the Chernoff bound n KL(share || p) reaches ln(2 / 0.05)
(Hoeffding 1963; Garivier and Cappe 2011): they hold with at least 95 % probability for every number
of rows, also for five positives. Limits of several groups are combined by the squares of their
distances from the estimates (Zou and Donner 2008), because the exponents of independent groups add.

That is wider than a normal interval, by 1.4 times for many rows, and on purpose: a rule looks at
window after window, and a plain 95 % interval alone would call one in forty healthy windows a drop.
With this one it is one in 250 or fewer.

Error. Confusion counts lose nothing that a metric depends on: value and interval are those of the
raw decisions and labels, up to rounding (1e-11). Limits are never inside the exact ones.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.confusion import Proportions
from trimtab_stages.drift.merge import Counts, Floats

CONFIDENCE = 0.95
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric with its interval."""

    value: float
    low: float
    high: float


def share_limits(hits: Counts, rows: Counts, confidence: float | Floats = CONFIDENCE) -> Floats:
    """Return lower and upper limits of shares, [2, g]; 0 and 1 without rows.

    Args:
        hits: rows that count, [g].
        rows: rows of each group, [g].
        confidence: least probability of the intervals, of all or of each, [g].
    """
    share = hits / np.maximum(rows, 1)
    inside = np.stack([share, share])
    outside = np.stack([np.zeros(len(rows)), np.ones(len(rows))])
    most = np.log(2 / (1 - np.asarray(confidence))) / np.maximum(rows, 1)
    for _ in range(_HALVINGS):
        middle = (inside + outside) / 2
        near = (rows == 0) | (_divergence(share, middle) <= most)
        inside, outside = np.where(near, middle, inside), np.where(near, outside, middle)
    # The outer ends of the brackets: never narrower than the true limits.
    return outside


def measure_all(metrics: Sequence[Proportions], confidences: Sequence[float]) -> list[Measured]:
    """Return metrics with their intervals; all together cost hardly more than one.

    Args:
        metrics: shares that each is the mean of.
        confidences: least probability of each interval.
    """
    sizes = [len(one.rows) for one in metrics]
    hits, rows = (
        np.concatenate([getattr(one, name) for one in metrics]) for name in ("hits", "rows")
    )
    shares = np.stack(
        [hits / np.maximum(rows, 1), *share_limits(hits, rows, np.repeat(confidences, sizes))]
    )
    return [_mean(*part) for part in np.split(shares, np.cumsum(sizes)[:-1], axis=1)]


def _mean(share: Floats, low: Floats, high: Floats) -> Measured:
    value = float(share.mean())
    return Measured(
        value, max(value - _combine(share - low), 0.0), min(value + _combine(high - share), 1.0)
    )


def _combine(distances: Floats) -> float:
    return float(np.sqrt(np.square(distances).sum()) / len(distances))


def _divergence(share: Floats, other: Floats) -> Floats:
    """Return KL(share || other) of two coins, nats."""
    with np.errstate(divide="ignore", invalid="ignore"):
        hit = np.where(share > 0, share * np.log(share / other), 0.0)
        miss = np.where(share < 1, (1 - share) * np.log((1 - share) / (1 - other)), 0.0)
    return np.asarray(hit + miss, dtype=np.float64)
