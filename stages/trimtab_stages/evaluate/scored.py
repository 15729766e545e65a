"""Scored rows: what every metric is a function of."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.preprocess.split import Floats, Integers


@dataclass(frozen=True, slots=True)
class Scored:
    """Rows with the truth, the scores and the decisions.

    Attributes:
        target: true class index, int64 [n].
        scores: probability of class 1, float32 [n], or of every class, [n, K].
        decisions: decided class index, int64 [n].
        classes: number of classes.
    """

    target: Integers
    scores: Floats
    decisions: Integers
    classes: int

    def __len__(self) -> int:
        return len(self.target)

    def probabilities(self) -> npt.NDArray[np.float64]:
        """Return the probability of every class, float64 [n, K]."""
        scores = self.scores.astype(np.float64)
        return np.stack([1.0 - scores, scores], axis=1) if scores.ndim == 1 else scores


def decide(scores: Floats, threshold: float | None) -> Integers:
    """Return decided class indices: score >= threshold for two classes, else the largest score."""
    if scores.ndim == 1:
        bound = 0.5 if threshold is None else threshold
        return np.asarray(scores.astype(np.float64) >= bound, dtype=np.int64)
    largest: Integers = np.argmax(scores, axis=1).astype(np.int64)
    return largest


def score_rows(target: Integers, scores: Floats, threshold: float | None) -> Scored:
    """Return scored rows with the decisions of a threshold."""
    classes = 2 if scores.ndim == 1 else scores.shape[1]
    return Scored(target, scores, decide(scores, threshold), classes)
