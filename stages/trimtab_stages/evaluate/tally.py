"""Additive tallies: per block of rows, the sums that a metric is a function of.

Because tallies add, the tally of any resample of blocks is a weighted sum of block tallies.
"""

from dataclasses import dataclass
from typing import assert_never

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.gates import Metric
from trimtab_stages.evaluate.scored import Scored

Tally = npt.NDArray[np.float64]

CALIBRATION_BINS = 10
_SMALLEST_PROBABILITY = 1e-7


@dataclass(frozen=True, slots=True)
class Blocks:
    """Assignment of rows to blocks.

    Attributes:
        of_row: block of every row, int64 [n].
        count: number of blocks.
    """

    of_row: npt.NDArray[np.int64]
    count: int


def consecutive_blocks(rows: int, count: int) -> Blocks:
    """Return at most `count` blocks of consecutive rows, as equal as can be."""
    count = min(rows, count)
    return Blocks(np.arange(rows, dtype=np.int64) * count // max(rows, 1), count)


def tally(metric: Metric, scored: Scored, blocks: Blocks, max_bins: int | None = None) -> Tally:
    """Return the sums of a metric for every block, [blocks, ...].

    Args:
        metric: which metric.
        scored: the rows.
        blocks: which row belongs to which block.
        max_bins: for metrics of the ranking, how many cells the scores are put into; none keeps
            every distinct score apart, which is exact.
    """
    match metric:
        case (
            Metric.BALANCED_ACCURACY
            | Metric.ACCURACY
            | Metric.RECALL
            | Metric.PRECISION
            | Metric.FALSE_POSITIVE_RATE
        ):
            return _tally_confusion(scored, blocks)
        case Metric.ROC_AUC | Metric.AVERAGE_PRECISION:
            return _tally_ranking(scored, blocks, max_bins)
        case Metric.LOG_LOSS:
            return _tally_log_loss(scored, blocks)
        case Metric.CALIBRATION_ERROR:
            return _tally_calibration(scored, blocks)
        case _:
            assert_never(metric)


def _tally_confusion(scored: Scored, blocks: Blocks) -> Tally:
    """Return confusion counts [blocks, true class, decided class]."""
    classes = scored.classes
    cell = (blocks.of_row * classes + scored.target) * classes + scored.decisions
    counts = np.bincount(cell, minlength=blocks.count * classes * classes)
    return counts.reshape(blocks.count, classes, classes).astype(np.float64)


def _tally_ranking(scored: Scored, blocks: Blocks, max_bins: int | None) -> Tally:
    """Return counts [blocks, class, negative or positive, score cell], cells ascending."""
    columns = scored.scores[:, None] if scored.scores.ndim == 1 else scored.scores
    first = 1 if scored.scores.ndim == 1 else 0
    cells = [_cells(columns[:, index], max_bins) for index in range(columns.shape[1])]
    width = max(int(cell.max(initial=0)) + 1 for cell in cells)
    tallies = [
        _count_cells(cell, (scored.target == index + first), blocks, width)
        for index, cell in enumerate(cells)
    ]
    return np.stack(tallies, axis=1)


def _count_cells(
    cell: npt.NDArray[np.int64], positive: npt.NDArray[np.bool_], blocks: Blocks, width: int
) -> Tally:
    place = (blocks.of_row * 2 + positive) * width + cell
    counts = np.bincount(place, minlength=blocks.count * 2 * width)
    return counts.reshape(blocks.count, 2, width).astype(np.float64)


def _cells(scores: npt.NDArray[np.float32], max_bins: int | None) -> npt.NDArray[np.int64]:
    distinct = np.unique(scores)
    if max_bins is None or len(distinct) <= max_bins:
        return np.searchsorted(distinct, scores).astype(np.int64)
    edges = np.unique(np.quantile(scores, np.arange(1, max_bins) / max_bins))
    return np.searchsorted(edges, scores, side="right").astype(np.int64)


def _tally_log_loss(scored: Scored, blocks: Blocks) -> Tally:
    """Return [blocks, (sum of negative log-likelihoods, rows)]."""
    chosen = scored.probabilities()[np.arange(len(scored)), scored.target]
    loss = -np.log(np.clip(chosen, _SMALLEST_PROBABILITY, 1.0))
    return np.stack([_sum(loss, blocks), _sum(np.ones_like(loss), blocks)], axis=1)


def _tally_calibration(scored: Scored, blocks: Blocks) -> Tally:
    """Return [blocks, bins + 1]: sums of (probability - outcome) by bin, then rows."""
    probability, outcome = claims(scored)
    bins = equal_mass_bins(probability)
    gap = np.zeros((blocks.count, CALIBRATION_BINS))
    np.add.at(gap, (blocks.of_row, bins), probability - outcome)
    rows = _sum(np.ones(len(scored)), blocks)
    return np.concatenate([gap, rows[:, None]], axis=1)


def claims(scored: Scored) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return what the model claims and whether it came true, both float64 [n].

    For two classes: the score, and class 1. For more: the largest score, and whether its class is
    the true one.
    """
    if scored.scores.ndim == 1:
        return scored.scores.astype(np.float64), scored.target.astype(np.float64)
    likeliest = scored.scores.argmax(axis=1)
    return (
        scored.scores.max(axis=1).astype(np.float64),
        (likeliest == scored.target).astype(np.float64),
    )


def equal_mass_bins(probability: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the bin of every row, 0..9: ten bins of as equal a number of rows as ties allow."""
    edges = np.quantile(probability, np.arange(1, CALIBRATION_BINS) / CALIBRATION_BINS)
    return np.searchsorted(edges, probability, side="right").astype(np.int64)


def _sum(values: npt.NDArray[np.float64], blocks: Blocks) -> Tally:
    sums = np.bincount(blocks.of_row, weights=values, minlength=blocks.count)
    return sums.astype(np.float64)
