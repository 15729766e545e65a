"""A confidence sequence for the mean over strata of the mean of -1, 0 and 1: valid at every look.

A bettor stakes a share b of its capital on the next value v being above a mean m, and the capital
is multiplied by 1 + b (v - m). If m is the true mean, the capital is a martingale, and Ville's
inequality says that it ever reaches 1/alpha with a probability of at most alpha, whenever one
looks. So every m at which it has done so is excluded (Waudby-Smith and Ramdas 2024). Capital is
spread over a grid of stakes, and the mean of martingales is one (the method of mixtures).

The mean over strata has nuisance: many means of the strata have the same mean. Three steps:

1. A box of the strata's means by one confidence sequence each.
2. Stakes in proportion to weights that make each stratum count the same, however rare its rows are
   (set before the rows are seen, from the shares so far; Spertus and Stark 2022 for the idea). Then
   the capital hardly depends on how the mean is split over the strata.
3. The log of the capital of one stake is concave in each stratum's mean, so its smallest value over
   the box at a given overall mean is bounded from below by Lagrangian duality with the values at
   the box's ends. What is excluded is excluded for every split.

Assumption: within a stratum the values' mean does not change with time, given their past.
"""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

BOX_SHARE = 0.05
"""Share of the error probability that the strata's box takes."""
LARGEST_STAKE = 0.49
"""No value can then take all of the capital, whatever the mean in -1..1."""
_STAKES = 24
_USUAL_STAKE = 10.0
_SPREAD = 0.9
_FIRST_PHASE = 64
_GROWTH = 1.25
_MOST_CORRECTION = 4.0
_HALVINGS = 20
_VALUES = np.array([-1.0, 0.0, 1.0])


@dataclass(frozen=True, slots=True)
class _Tally:
    """Rows by phase, stratum and value, [P, K, 3], and the weight of each, [P, K]."""

    counts: Floats
    weights: Floats

    def mirrored(self) -> "_Tally":
        """Return the tally of the negated values."""
        return _Tally(self.counts[:, :, ::-1], self.weights)


@dataclass(frozen=True, slots=True)
class _Stakes:
    """Stakes, [J], and the log of the capital put on each, [J]."""

    sizes: Floats
    logs: Floats


def bound_mean(
    values: Integers, strata: Integers, gap: float, error: float, count: int = 1
) -> tuple[float, float]:
    """Return the ends of an interval for the mean over strata of the strata's means.

    Args:
        values: -1, 0 or 1, int64 [n], in the order of time.
        strata: number of each row's stratum, 0..K - 1 in order of first appearance, int64 [n].
        gap: difference that matters; the interval is narrowest where it is about as wide.
        error: probability that the true mean is ever outside, 0..1.
        count: how many strata there are at least; of one without a value nothing is known.
    """
    if not len(values):
        return -1.0, 1.0
    tally = _tally(values, strata, max(count, int(strata.max()) + 1))
    box = _box(tally.counts.sum(axis=0), BOX_SHARE * error)
    stakes = _stakes(gap)
    each = (1 - BOX_SHARE) * error / 2
    low = _lower_bound(tally, box, stakes, each)
    high = -_lower_bound(tally.mirrored(), -box[::-1], stakes, each)
    return low, high


def _stakes(gap: float) -> _Stakes:
    """Return stakes about the one that lets capital grow fastest, gap / variance (Kelly 1956).

    The variance is taken to be about a tenth; the capital on a stake falls off log-normally.
    """
    sizes = np.geomspace(gap / 2, max(1.0, gap), _STAKES)
    logs = -0.5 * (np.log(sizes / (_USUAL_STAKE * gap)) / _SPREAD) ** 2
    return _Stakes(sizes, logs - np.log(np.exp(logs).sum()))


def _tally(values: Integers, strata: Integers, count: int) -> _Tally:
    ends = _phase_ends(len(values))
    phase = np.searchsorted(ends, np.arange(len(values)), side="right")
    shape = (len(ends), count, len(_VALUES))
    index = np.ravel_multi_index((phase, strata, values + 1), shape)
    counts = np.bincount(index, minlength=math.prod(shape)).reshape(shape).astype(np.float64)
    return _Tally(counts, _weights(counts.sum(axis=2), ends))


def _phase_ends(rows: int) -> Integers:
    """Return ends of phases that grow by a quarter, the last one beyond the rows."""
    ends = [_FIRST_PHASE]
    while ends[-1] < rows:
        ends.append(math.ceil(ends[-1] * _GROWTH))
    return np.array(ends, dtype=np.int64)


def _weights(rows: Floats, ends: Integers) -> Floats:
    """Return the weight of each stratum's rows in each phase, from the phases before it, [P, K].

    The sum of a stratum's weights is to be half of all rows at each phase's end.
    """
    weights = np.ones(rows.shape)
    seen, weight = np.zeros(rows.shape[1]), np.zeros(rows.shape[1])
    for phase in range(1, len(ends)):
        seen += rows[phase - 1]
        weight += rows[phase - 1] * weights[phase - 1]
        share = (seen + 1) / (ends[phase - 1] + 2)
        planned = share * (ends[phase] - ends[phase - 1])
        even = 1 / (2 * share)
        wanted = (ends[phase] / 2 - weight) / planned
        weights[phase] = np.clip(wanted, even / _MOST_CORRECTION, even * _MOST_CORRECTION)
    return weights


def _box(counts: Floats, error: float) -> Floats:
    """Return lower and upper ends of every stratum's mean, [2, K].

    The k-th stratum may err with probability error / (k (k + 1)), so that one more may always come.
    """
    rank = np.arange(1, len(counts) + 1)
    threshold = np.log(2 * rank * (rank + 1) / error)
    stakes = np.geomspace(0.01, LARGEST_STAKE, _STAKES)[:, None, None, None]
    sides = np.stack([counts, counts[:, ::-1]])
    excluded, kept = np.full(sides.shape[:2], -1.0), np.ones(sides.shape[:2])
    for _ in range(_HALVINGS):
        middle = (excluded + kept) / 2
        gains = np.log1p(stakes * (_VALUES - middle[..., None]))
        beyond = _log_sum((sides * gains).sum(axis=3)) - math.log(_STAKES) >= threshold
        excluded, kept = np.where(beyond, middle, excluded), np.where(beyond, kept, middle)
    return np.stack([excluded[0], -excluded[1]])


def _lower_bound(tally: _Tally, box: Floats, stakes: _Stakes, error: float) -> float:
    """Return the largest mean over strata that is excluded from below."""
    capital = _log_capital(tally, box, stakes.sizes)
    width = np.maximum(box[1] - box[0], np.finfo(np.float64).tiny)
    prices = (capital[0] - capital[1]) / width
    # cost[j, q]: log capital of stake j at the worst split, if means cost the q-th price.
    ends = capital[:, :, None, :] + prices[None, :, :, None] * box[:, None, None, :]
    worst = ends.min(axis=0).sum(axis=2)
    threshold = math.log(1 / error)
    excluded, kept = float(box[0].mean()), 1.0
    for _ in range(_HALVINGS):
        middle = (excluded + kept) / 2
        least = (worst - prices * (box.shape[1] * middle)).max(axis=1)
        if float(_log_sum(stakes.logs + least)) >= threshold:
            excluded = middle
        else:
            kept = middle
    return excluded


def _log_capital(tally: _Tally, box: Floats, stakes: Floats) -> Floats:
    """Return every stratum's log capital at both ends of its box, [2, J, K]."""
    stake = np.minimum(stakes[:, None, None] * tally.weights, LARGEST_STAKE)[..., None]
    return np.stack(
        [
            (tally.counts * np.log1p(stake * (_VALUES - end[:, None]))).sum(axis=(1, 3))
            for end in box
        ]
    )


def _log_sum(logs: Floats) -> Floats:
    """Return the log of the sum of exponentials over the first axis."""
    top = logs.max(axis=0)
    return np.asarray(top + np.log(np.exp(logs - top).sum(axis=0)), dtype=np.float64)
