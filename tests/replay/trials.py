"""What each of several training seeds gives on one stream, and what they say together.

A network's seed moves a cut as much as a policy does, so one seed is an anecdote. Windows are few
and follow one another, so their part in the uncertainty is drawn anew in blocks of neighbours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from replay.arms import EVERY, FROZEN, Gap, Qualities, gap
from support.bars import Bar

LOOP = "loop"
BLOCK = 3
"""Neighbouring windows that are drawn together: a season."""
DRAWS = 2000
SHARE = 0.9
"""Of the draws, inside the interval."""


@dataclass(frozen=True)
class Trial:
    """One seed's play.

    Attributes:
        seed: of the training.
        retrains: windows whose end started a retrain of the loop.
        promotions: windows in which its challenger was promoted.
        boosting: quality of gradient boosting in the first window.
        qualities: balanced accuracy of every window, by arm; `LOOP` is the loop's.
    """

    seed: int
    retrains: Sequence[int]
    promotions: Sequence[int]
    boosting: float
    qualities: Mapping[str, Qualities]

    @property
    def windows(self) -> int:
        """How many were played."""
        return len(self.qualities[LOOP])

    def gap(self, arm: str, reach: int) -> Gap:
        """Return the staleness of an arm over the first windows."""
        every, frozen = self.qualities[EVERY], self.qualities[FROZEN]
        return gap(every, frozen, self.qualities[arm], reach, self.boosting)

    def losses(self, arm: str, reach: int) -> NDArray[np.float64]:
        """Return what an arm loses against a refit at every window, by window."""
        return (self.qualities[EVERY] - self.qualities[arm])[:reach]


def bar_of_cuts(name: str, trials: Sequence[Trial], reach: int, goal: float) -> Bar:
    """Return the mean cut of the loop over seeds; short where one of them means nothing."""
    gaps = [trial.gap(LOOP, reach) for trial in trials]
    flaws = [f"seed {one.seed}: {found.flaw}" for one, found in zip(trials, gaps, strict=True)]
    why = "; ".join(flaw for flaw, found in zip(flaws, gaps, strict=True) if found.flaw)
    return Bar(name, float(np.mean([found.cut for found in gaps])), goal, at_least=True, why=why)


def told_cuts(trials: Sequence[Trial], reach: int) -> str:
    """Return the cuts of the loop by seed in words, with the smallest and their uncertainty."""
    cuts = {trial.seed: trial.gap(LOOP, reach).cut for trial in trials}
    low, high = interval(trials, reach)
    by_seed = ", ".join(f"{seed}: {cut:.2f}" for seed, cut in cuts.items())
    return (
        f"cut over {reach} windows by seed {by_seed}; smallest {min(cuts.values()):.2f}; with "
        f"blocks of {BLOCK} windows drawn anew {low:.2f} to {high:.2f} in {SHARE:.0%} of draws"
    )


def interval(trials: Sequence[Trial], reach: int) -> tuple[float, float]:
    """Return where the cut of all seeds together lies when blocks of windows are drawn anew.

    Blocks are drawn from a ring, so that each window has the same weight; all seeds and both arms
    see the same windows. The decays of all seeds are added up before they are divided, because that
    of one seed may be next to nothing in a draw.
    """
    frozen, loop = (
        np.mean([trial.losses(arm, reach) for trial in trials], axis=0) for arm in (FROZEN, LOOP)
    )
    random = np.random.default_rng(0)
    begins = random.integers(0, reach, (DRAWS, -(-reach // BLOCK)))
    places = (begins[:, :, None] + np.arange(BLOCK)).reshape(DRAWS, -1)[:, :reach] % reach
    cuts = 1 - loop[places].mean(axis=1) / frozen[places].mean(axis=1)
    low, high = np.quantile(cuts, [(1 - SHARE) / 2, (1 + SHARE) / 2])
    return float(low), float(high)
