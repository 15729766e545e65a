"""Chooses the decision threshold on the validation split."""

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.gates import SMALLER_IS_BETTER, Metric
from trimtab_stages.contract.recipe import Decision
from trimtab_stages.evaluate.bootstrap import Bootstrap, standard_error
from trimtab_stages.evaluate.metrics import value_of
from trimtab_stages.evaluate.scored import score_rows
from trimtab_stages.preprocess.split import Floats, Integers

NEUTRAL = 0.5
CANDIDATES = 512
_DEPENDS_ON_THRESHOLD = frozenset(
    {
        Metric.BALANCED_ACCURACY,
        Metric.ACCURACY,
        Metric.RECALL,
        Metric.PRECISION,
        Metric.FALSE_POSITIVE_RATE,
    }
)


def choose_threshold(target: Integers, scores: Floats, decision: Decision, how: Bootstrap) -> float:
    """Return the threshold for two classes; a row is class 1 where score >= threshold.

    Candidates are quantiles of the scores, and 0.5. Those that miss the smallest recall are out;
    of those within one standard error of the best objective the one nearest to 0.5 is taken.
    Where no candidate keeps the recall, the one with the highest recall is.

    Args:
        target: true class, int64 [n], of the validation split.
        scores: probability of class 1, float32 [n].
        decision: objective and smallest recall.
        how: bootstrap of the standard error.
    """
    candidates = _candidates(scores)
    confusion = _confusions(target, scores, candidates)
    recall = value_of(Metric.RECALL, confusion)
    allowed = recall >= float(decision.min_recall or 0)
    if not allowed.any():
        return (
            float(candidates[int(np.nanargmax(recall))]) if np.isfinite(recall).any() else NEUTRAL
        )
    allowed &= _near_best(target, scores, (candidates, confusion, allowed), decision, how)
    chosen = candidates[allowed]
    return float(chosen[np.abs(chosen - NEUTRAL).argmin()])


def match_share(judged: Floats, threshold: float, served: Floats) -> float:
    """Return the threshold at which `served` flags the share of rows that `judged` does.

    Args:
        judged: scores of the judged graph, float32 [n].
        threshold: its threshold.
        served: scores of the served graph on the same rows, float32 [n].
    """
    flagged = int((judged.astype(np.float64) >= threshold).sum())
    descending = np.sort(served.astype(np.float64))[::-1]
    if flagged == 0:
        return float(np.nextafter(descending[0], np.inf))
    if flagged == len(descending):
        return min(threshold, float(descending[-1]))
    return float((descending[flagged - 1] + descending[flagged]) / 2)


def _near_best(
    target: Integers,
    scores: Floats,
    table: tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.bool_]],
    decision: Decision,
    how: Bootstrap,
) -> npt.NDArray[np.bool_]:
    candidates, confusion, allowed = table
    metric = decision.objective
    if metric not in _DEPENDS_ON_THRESHOLD:
        return np.ones_like(allowed)
    sign = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    objective = np.where(allowed, sign * value_of(metric, confusion), -np.inf)
    best = int(np.nanargmax(objective))
    error = standard_error(metric, score_rows(target, scores, float(candidates[best])), how)
    return np.asarray(objective >= objective[best] - error, dtype=np.bool_)


def _candidates(scores: Floats) -> npt.NDArray[np.float64]:
    quantiles = np.quantile(scores, np.linspace(0, 1, CANDIDATES), method="inverted_cdf")
    return np.unique(np.append(quantiles.astype(np.float64), NEUTRAL))


def _confusions(
    target: Integers, scores: Floats, candidates: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Return the confusion matrix at every candidate, float64 [candidates, 2, 2]."""
    by_class = [np.sort(scores[target == index].astype(np.float64)) for index in (0, 1)]
    counts = np.empty((len(candidates), 2, 2))
    for index, ordered in enumerate(by_class):
        below = np.searchsorted(ordered, candidates, side="left")
        counts[:, index, 0] = below
        counts[:, index, 1] = len(ordered) - below
    return counts
