"""The network and its loss, and its weights as plain arrays."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor, nn

from trimtab_stages.contract.recipe import Architecture
from trimtab_stages.preprocess.split import Floats

BINARY = 2


@dataclass(frozen=True, slots=True)
class Dense:
    """One fully connected layer: x @ weight.T + bias.

    Attributes:
        weight: float32 [width out, width in].
        bias: float32 [width out].
    """

    weight: Floats
    bias: Floats


def outputs_for(classes: int) -> int:
    """Return the number of logits: one for two classes, else one per class."""
    return 1 if classes == BINARY else classes


def build_network(architecture: Architecture, width: int, classes: int) -> nn.Sequential:
    """Return an MLP with ReLU between its layers, initialised from torch's default generator.

    Args:
        architecture: hidden widths and dropout.
        width: number of inputs.
        classes: number of classes.
    """
    dropout = float(architecture.dropout)
    layers: list[nn.Module] = []
    widths = [width, *architecture.hidden]
    for inputs, outputs in pairwise(widths):
        layers += [nn.Linear(inputs, outputs), nn.ReLU()]
        if dropout > 0:
            layers.append(nn.Dropout(dropout))
    return nn.Sequential(*layers, nn.Linear(widths[-1], outputs_for(classes)))


def loss_of(logits: Tensor, target: Tensor) -> Tensor:
    """Return the mean negative log-likelihood, nats.

    Args:
        logits: float32 [n, 1] for two classes, else [n, K].
        target: class index, int64 [n].
    """
    if logits.shape[1] == 1:
        labels = target.to(logits.dtype)
        return nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels)
    return nn.functional.cross_entropy(logits, target)


def scores_of(logits: Tensor) -> Tensor:
    """Return probabilities as the exported graph gives them: [n] for two classes, else [n, K]."""
    if logits.shape[1] == 1:
        return torch.sigmoid(logits[:, 0])
    return torch.softmax(logits, dim=1)


def dense_layers(network: nn.Sequential) -> list[Dense]:
    """Return the weights of all layers, in order, as float32 arrays on the CPU."""
    return [
        Dense(_array(layer.weight), _array(layer.bias))
        for layer in network
        if isinstance(layer, nn.Linear)
    ]


def network_of(layers: Sequence[Dense]) -> nn.Sequential:
    """Return the network with these weights, on the CPU, without dropout."""
    modules: list[nn.Module] = []
    for dense in layers:
        linear = nn.Linear(dense.weight.shape[1], dense.weight.shape[0])
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(dense.weight))
            linear.bias.copy_(torch.from_numpy(dense.bias))
        modules += [linear, nn.ReLU()]
    return nn.Sequential(*modules[:-1]).eval()


def pack_layers(layers: Sequence[Dense]) -> bytes:
    """Return the weights as an `.npz` file; the same weights give the same bytes."""
    arrays = {f"{index}.weight": dense.weight for index, dense in enumerate(layers)}
    arrays |= {f"{index}.bias": dense.bias for index, dense in enumerate(layers)}
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def unpack_layers(data: bytes) -> list[Dense]:
    """Return the weights of an `.npz` file; nothing in it is executed."""
    with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
        return [
            Dense(arrays[f"{index}.weight"], arrays[f"{index}.bias"])
            for index in range(len(arrays.files) // 2)
        ]


def _array(parameter: Tensor) -> Floats:
    return np.ascontiguousarray(parameter.detach().cpu().numpy(), dtype=np.float32)
