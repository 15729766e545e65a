"""Retraining policies side by side on one stream, and the staleness gap between them.

decay(P) = mean over windows of m(refit before every window) - m(P), unclipped; cut(P) = 1 -
decay(P) / decay(frozen). Seasons that no refit recovers count for nobody.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from replay.learner import Fitted, Learner
from replay.streams import Stream

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
    """

    frozen: float
    policy: float

    @property
    def cut(self) -> float:
        """Share of the frozen model's decay that the policy saves."""
        return 1 - self.policy / self.frozen

    @property
    def is_valid(self) -> bool:
        """Whether there is a decay worth the name."""
        return self.frozen >= 0.02


def gap(every: Qualities, frozen: Qualities, policy: Qualities, windows: int) -> Gap:
    """Return the gap over the first windows."""
    reach = slice(0, windows)
    return Gap(
        float((every[reach] - frozen[reach]).mean()), float((every[reach] - policy[reach]).mean())
    )


def periodic(windows: int, retrains: int) -> list[int]:
    """Return evenly spread windows, as many as `retrains`."""
    return [round(windows * (place + 1) / (retrains + 1)) for place in range(retrains)]


def at_random(windows: int, retrains: int, seed: int) -> list[int]:
    """Return random windows, as many as `retrains`."""
    chosen = np.random.default_rng(seed).choice(np.arange(1, windows), retrains, replace=False)
    return sorted(chosen.tolist())
