"""Simulated rollouts: champion and challenger on the same rows, with a known true difference."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.gates import Metric

Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Case:
    """What is simulated.

    Attributes:
        positives: share of class 1.
        discordant: share of rows on which only one of the two is right.
        difference: challenger - champion, in both classes.
        metric: BalancedAccuracy or Accuracy.
    """

    positives: float
    discordant: float
    difference: float
    metric: Metric = Metric.BALANCED_ACCURACY


def answers(
    case: Case, rows: int, random: np.random.Generator
) -> tuple[Integers, Integers, Integers]:
    """Return truth, champion's and challenger's decisions, int64 [rows] each."""
    truth = (random.random(rows) < case.positives).astype(np.int64)
    draw = random.random(rows)
    better = draw < (case.discordant + case.difference) / 2
    worse = ~better & (draw < case.discordant)
    both = random.random(rows) < 0.85
    right = [np.where(better | worse, mine, both) for mine in (worse, better)]
    champion, challenger = (np.where(one, truth, 1 - truth) for one in right)
    return truth, champion, challenger
