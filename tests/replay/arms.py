"""Retraining policies side by side on one stream, and the staleness gap between them.

decay(P) = mean over windows of m(refit before every window) - m(P), unclipped; cut(P) = 1 -
decay(P) / decay(frozen). Seasons that no refit recovers count for nobody. A cut means something
only where the frozen model decays, and where it was no bad model to begin with.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from replay.learner import Fitted, Learner
from replay.streams import Stream
from support.bars import Bar
from support.boosting import boosted

CLOSE_ENOUGH = 0.02
"""By how much a good first model may be worse than gradient boosting, in balanced accuracy."""
LEAST_DECAY = 0.02
"""Mean balanced accuracy that a frozen model loses where there is something to cut."""
FROZEN, EVERY = "frozen", "every window"
RANDOM_SEEDS = range(3)

Qualities = NDArray[np.float64]


class Field:
    """All models that arms may use on one stream, trained when first asked for."""

    def __init__(self, learner: Learner) -> None:
        self._learner = learner
        self._fitted: dict[int, Fitted] = {}

    @property
    def stream(self) -> Stream:
        """The data."""
        return self._learner.stream

    def model(self, window: int) -> Fitted:
        """Return the model trained on what was known when a window began; 0 is the first model."""
        if window not in self._fitted:
            rows = self.stream.before(window, memory=window > 0)
            self._fitted[window] = self._learner.fit(rows)
        return self._fitted[window]

    def quality(self, model: int, window: int) -> float:
        """Return the balanced accuracy of a model, by the window it was trained before."""
        rows = self.stream.window(window)
        decided = self.model(model).decide(self.stream, rows)
        return float(balanced_accuracy_score(self.stream.truth[rows], decided))

    def play(self, retrained: Sequence[int]) -> Qualities:
        """Return the quality of each window with models retrained before some windows."""
        live = 0
        found = []
        for window in range(self.stream.windows):
            live = window if window in retrained else live
            found.append(self.quality(live, window))
        return np.array(found)


@dataclass(frozen=True)
class Gap:
    """Staleness of a policy over some windows.

    Attributes:
        frozen: decay of the frozen model.
        policy: decay of the policy.
        behind: by how much the first model is worse than gradient boosting in the first window.
    """

    frozen: float
    policy: float
    behind: float

    @property
    def flaw(self) -> str:
        """Why the cut means nothing; empty where it means something."""
        # Written so that a figure that is not a number is a flaw too.
        if not self.frozen >= LEAST_DECAY:
            return (
                f"no decay to cut: a frozen model's is {self.frozen:.4f} of {LEAST_DECAY:g} asked"
            )
        if not self.behind <= CLOSE_ENOUGH:
            begun = f"the first model is {self.behind:.4f} behind HistGradientBoosting"
            return f"no fair start: {begun}, {CLOSE_ENOUGH:g} allowed"
        return ""

    @property
    def cut(self) -> float:
        """Share of the frozen model's decay that the policy saves; not a number with a flaw."""
        return math.nan if self.flaw else 1 - self.policy / self.frozen

    @property
    def words(self) -> str:
        """The cut, or why there is none."""
        return self.flaw or f"cut {self.cut:.2f}"

    def bar(self, name: str, goal: float) -> Bar:
        """Return the cut against its goal; short where it means nothing."""
        return Bar(name, self.cut, goal, at_least=True, why=self.flaw)


def gap(
    every: Qualities, frozen: Qualities, policy: Qualities, windows: int, boosting: float
) -> Gap:
    """Return the gap over the first windows.

    Args:
        every: quality by window of a model that is refitted before each.
        frozen: of the first model.
        policy: of the policy.
        windows: how many count.
        boosting: quality of gradient boosting in the first window.
    """
    reach = slice(0, windows)
    return Gap(
        float((every[reach] - frozen[reach]).mean()),
        float((every[reach] - policy[reach]).mean()),
        boosting - float(frozen[0]),
    )


def boosting_quality(stream: Stream) -> float:
    """Return scikit-learn's gradient boosting on the rows of the first model, first window."""
    learnt, served = stream.before(0, memory=False), stream.window(0)
    model = boosted(stream.inputs[learnt], stream.truth[learnt])
    return float(
        balanced_accuracy_score(stream.truth[served], model.predict(stream.inputs[served]))
    )


def periodic(windows: int, retrains: int) -> list[int]:
    """Return evenly spread windows, as many as `retrains`."""
    return [round(windows * (place + 1) / (retrains + 1)) for place in range(retrains)]


def at_random(windows: int, retrains: int, seed: int) -> list[int]:
    """Return random windows, as many as `retrains`."""
    chosen = np.random.default_rng(seed).choice(np.arange(1, windows), retrains, replace=False)
    return sorted(chosen.tolist())


def schedules(windows: int, retrains: int) -> dict[str, list[int]]:
    """Return the windows that the arms beside a loop are retrained before, whatever happens.

    Args:
        windows: how many there are.
        retrains: of the loop; the arms of as many are spread evenly and at random.
    """
    found = {FROZEN: [], EVERY: list(range(1, windows))}
    found[f"periodic, {retrains}"] = periodic(windows, retrains)
    for seed in RANDOM_SEEDS:
        found[f"random {seed}, {retrains}"] = at_random(windows, retrains, seed)
    return found
