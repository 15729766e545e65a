"""Simulated rollouts: champion and challenger on the same rows, with a known true difference."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.paired import compare

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


@dataclass(frozen=True)
class Policy:
    """When a rollout ends.

    Attributes:
        margin: by how much the challenger may be worse.
        confidence: of the interval.
        least: rows before the first look.
        most: rows after which it is inconclusive.
        step: rows between looks.
    """

    margin: float = 0.02
    confidence: float = 0.95
    least: int = 200
    most: int = 5000
    step: int = 50


class End(StrEnum):
    """How a rollout ended."""

    PROMOTED = "promoted"
    ROLLED_BACK = "rolled back"
    HELD = "held"


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


def roll_out(case: Case, policy: Policy, random: np.random.Generator) -> tuple[End, int]:
    """Return how one rollout ends and after how many rows."""
    truth, champion, challenger = answers(case, policy.most, random)
    for rows in range(policy.least, policy.most + 1, policy.step):
        found = compare(
            truth[:rows],
            champion[:rows],
            challenger[:rows],
            case.metric,
            margin=policy.margin,
            confidence=policy.confidence,
        )
        if found.low > -policy.margin:
            return End.PROMOTED, rows
        if found.high < -policy.margin:
            return End.ROLLED_BACK, rows
    return End.HELD, policy.most
