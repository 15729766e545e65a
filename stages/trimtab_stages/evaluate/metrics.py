"""Metrics as functions of tallies; names and conventions as in scikit-learn.

Every function takes tallies with any number of leading resamples [B, ...] and returns [B]; a
resample that lacks a class has no value there and gives NaN.
"""

from typing import assert_never

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.gates import Metric
from trimtab_stages.evaluate.scored import Scored
from trimtab_stages.evaluate.tally import Tally, consecutive_blocks, tally

Values = npt.NDArray[np.float64]


def measure(metric: Metric, scored: Scored) -> float:
    """Return a metric on scored rows; NaN where it is not defined."""
    return float(value_of(metric, tally(metric, scored, consecutive_blocks(len(scored), 1)))[0])


def value_of(metric: Metric, tallies: Tally) -> Values:  # noqa: PLR0911 - one line for each metric
    """Return a metric of every resample.

    Args:
        metric: which metric.
        tallies: its tallies, [B, ...].
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        match metric:
            case Metric.BALANCED_ACCURACY:
                return _present_mean(_recalls(tallies), tallies.sum(axis=2))
            case Metric.ACCURACY:
                return _ratio(np.trace(tallies, axis1=1, axis2=2), tallies.sum(axis=(1, 2)))
            case Metric.RECALL:
                return _of_positive(_recalls(tallies))
            case Metric.PRECISION:
                return _of_positive(_precisions(tallies))
            case Metric.FALSE_POSITIVE_RATE:
                return _of_positive(_false_positive_rates(tallies))
            case Metric.ROC_AUC:
                return _mean(_roc_auc(tallies))
            case Metric.AVERAGE_PRECISION:
                return _mean(_average_precision(tallies))
            case Metric.LOG_LOSS:
                return _ratio(tallies[:, 0], tallies[:, 1])
            case Metric.CALIBRATION_ERROR:
                return _ratio(np.abs(tallies[:, :-1]).sum(axis=1), tallies[:, -1])
            case _:
                assert_never(metric)


def _recalls(confusion: Tally) -> Values:
    return _ratio(np.diagonal(confusion, axis1=1, axis2=2), confusion.sum(axis=2))


def _precisions(confusion: Tally) -> Values:
    flagged = confusion.sum(axis=1)
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    return np.where(flagged > 0, _ratio(hits, flagged), 0.0)


def _false_positive_rates(confusion: Tally) -> Values:
    hits = np.diagonal(confusion, axis1=1, axis2=2)
    wrong = confusion.sum(axis=1) - hits
    negatives = confusion.sum(axis=(1, 2))[:, None] - confusion.sum(axis=2)
    return _ratio(wrong, negatives)


def _of_positive(by_class: Values) -> Values:
    """Return class 1's value for two classes, else the mean over classes."""
    return by_class[:, 1] if by_class.shape[1] == 2 else _mean(by_class)  # noqa: PLR2004 - two classes


def _present_mean(by_class: Values, rows: Values) -> Values:
    """Return the mean over the classes that have rows."""
    present = rows > 0
    return _ratio(np.where(present, by_class, 0.0).sum(axis=1), present.sum(axis=1))


def _roc_auc(ranking: Tally) -> Values:
    """Return P(score of a positive > score of a negative) + P(equal) / 2 per class, [B, C]."""
    negative, positive = ranking[:, :, 0], ranking[:, :, 1]
    below = np.cumsum(negative, axis=2) - negative
    wins = (positive * (below + negative / 2)).sum(axis=2)
    return _ratio(wins, negative.sum(axis=2) * positive.sum(axis=2))


def _average_precision(ranking: Tally) -> Values:
    """Return the sum over thresholds of precision times gain in recall per class, [B, C]."""
    positive = ranking[:, :, 1, ::-1]
    flagged = np.cumsum(ranking.sum(axis=2)[:, :, ::-1], axis=2)
    hits = np.cumsum(positive, axis=2)
    precision = np.where(flagged > 0, _ratio(hits, flagged), 0.0)
    return _ratio((precision * positive).sum(axis=2), hits[:, :, -1])


def _ratio(part: npt.ArrayLike, whole: npt.ArrayLike) -> Values:
    return np.asarray(np.divide(part, whole), dtype=np.float64)


def _mean(by_class: Values) -> Values:
    return np.asarray(by_class.mean(axis=1), dtype=np.float64)
