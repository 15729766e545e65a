"""Refined loss: the validation loss that is left after the best recalibration.

A time-later validation split usually has another base rate than the training rows, and its plain
loss then rewards an unsure, early network. The threshold is chosen afterwards anyway, so what
counts is how well the classes are told apart: the loss after the best temperature and bias
(early stopping on refinement: Berta, Holzmueller, Jordan and Bach 2025, arXiv:2501.19195).
"""

import torch
from torch import Tensor

from trimtab_stages.train.network import loss_of

_ITERATIONS = 30


def refined_loss(logits: Tensor, target: Tensor) -> float:
    """Return min over a, b of the mean loss of a * logits + b, nats.

    Args:
        logits: float32 [n, 1] for two classes, else [n, K].
        target: class index, int64 [n].
    """
    fixed = logits.detach().double()
    scale = torch.ones(1, dtype=fixed.dtype, device=fixed.device, requires_grad=True)
    bias = torch.zeros(fixed.shape[1], dtype=fixed.dtype, device=fixed.device, requires_grad=True)
    search = torch.optim.LBFGS([scale, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        search.zero_grad()
        value = loss_of(scale * fixed + bias, target)
        torch.autograd.backward(value)
        return value

    with torch.enable_grad():
        search.step(loss)  # type: ignore[no-untyped-call]  # torch leaves LBFGS.step untyped
    with torch.no_grad():
        refined = float(loss_of(scale * fixed + bias, target))
        plain = float(loss_of(fixed, target))
    # The identity is one of the maps: a search that went astray must not make the loss worse.
    return min(refined, plain)
