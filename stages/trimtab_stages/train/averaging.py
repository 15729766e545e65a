"""Exponential moving average of the weights (Polyak and Juditsky 1992).

Single steps of a small-batch optimiser jump around the optimum; their average does not, so the
validation loss of the averaged weights is smooth enough to stop early on.
"""

from collections.abc import Iterable

import torch
from torch import Tensor


def decay_at(step: int, decay: float) -> float:
    """Return the decay at a step (0-based): short memory at first, `decay` in the long run."""
    return min(decay, (1 + step) / (10 + step)) if decay > 0 else 0.0


def fold_in(averages: Iterable[Tensor], weights: Iterable[Tensor], decay: float) -> None:
    """Move every average towards its weight, in place: decay * average + (1 - decay) * weight."""
    with torch.no_grad():
        for average, weight in zip(averages, weights, strict=True):
            average.lerp_(weight, 1.0 - decay)
