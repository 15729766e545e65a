"""95 % intervals by a bootstrap over blocks of consecutive rows.

Neighbouring rows of a time series are alike, so single rows resampled would make intervals too
narrow; blocks keep the likeness inside (Kuensch 1989; Politis and Romano 1994 for the idea).
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.gates import Estimate, Metric
from trimtab_stages.evaluate.metrics import Values, measure, value_of
from trimtab_stages.evaluate.scored import Scored
from trimtab_stages.evaluate.tally import Blocks, consecutive_blocks, tally

_TAIL = 2.5


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """How intervals are made.

    Attributes:
        resamples: how many resamples of blocks are drawn.
        blocks: number of blocks; fewer rows than that are blocks of their own.
        bins: score cells of ranking metrics inside the bootstrap.
        seed: seed of the resampling.
    """

    resamples: int = 1000
    blocks: int = 100
    bins: int = 1000
    seed: int = 0


def estimate_all(
    scored: Scored, how: Bootstrap, metrics: Iterable[Metric] = tuple(Metric)
) -> list[Estimate]:
    """Return every metric that is defined on these rows, with its 95 % interval."""
    blocks, weights = _resample(len(scored), how)
    found = (
        _estimate(
            metric, measure(metric, scored), _values(metric, scored, (blocks, weights), how), scored
        )
        for metric in metrics
    )
    return [estimate for estimate in found if estimate is not None]


def compare_all(
    challenger: Scored,
    champion: Scored,
    how: Bootstrap,
    metrics: Iterable[Metric] = tuple(Metric),
) -> list[Estimate]:
    """Return the paired differences challenger - champion on the same rows, same resamples."""
    drawn = _resample(len(challenger), how)
    found = (
        _estimate(
            metric,
            measure(metric, challenger) - measure(metric, champion),
            _values(metric, challenger, drawn, how) - _values(metric, champion, drawn, how),
            challenger,
        )
        for metric in metrics
    )
    return [estimate for estimate in found if estimate is not None]


def standard_error(metric: Metric, scored: Scored, how: Bootstrap) -> float:
    """Return the bootstrap standard error of a metric; 0 where it is not defined."""
    values = _values(metric, scored, _resample(len(scored), how), how)
    defined = values[np.isfinite(values)]
    return float(defined.std()) if len(defined) else 0.0


def _resample(rows: int, how: Bootstrap) -> tuple[Blocks, npt.NDArray[np.float64]]:
    """Return the blocks and how often each is drawn, float64 [resamples, blocks]."""
    blocks = consecutive_blocks(rows, how.blocks)
    random = np.random.default_rng(how.seed)
    even = np.full(blocks.count, 1.0 / blocks.count)
    return blocks, random.multinomial(blocks.count, even, size=how.resamples).astype(np.float64)


def _values(
    metric: Metric,
    scored: Scored,
    drawn: tuple[Blocks, npt.NDArray[np.float64]],
    how: Bootstrap,
) -> Values:
    blocks, weights = drawn
    return value_of(
        metric, np.tensordot(weights, tally(metric, scored, blocks, how.bins), axes=(1, 0))
    )


def _estimate(metric: Metric, value: float, values: Values, scored: Scored) -> Estimate | None:
    defined = values[np.isfinite(values)]
    if not math.isfinite(value) or not len(defined):
        return None
    low, high = np.percentile(defined, [_TAIL, 100 - _TAIL])
    return Estimate(
        metric=metric,
        value=value,
        low=min(float(low), value),
        high=max(float(high), value),
        samples=len(scored),
    )
