"""The whole state of a training: what a checkpoint holds and what a resumed run needs."""

import copy
import io
from dataclasses import astuple, dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from trimtab_stages.contract.recipe import Architecture, Training
from trimtab_stages.train.network import build_network

Weights = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Task:
    """What is trained.

    Attributes:
        architecture: the network.
        training: the optimisation.
        width: number of network inputs.
        classes: number of classes.
        device: where tensors live.
        threads: CPU threads, part of the result's identity.
    """

    architecture: Architecture
    training: Training
    width: int
    classes: int
    device: torch.device
    threads: int


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """One line of the learning curve; losses in nats, of the averaged weights.

    Attributes:
        epoch: 1-based.
        train_loss: mean loss on (at most 50,000 evenly spread) training rows.
        validation_loss: mean loss on the validation rows; none in a refit.
        refined_loss: the same after the best recalibration; early stopping looks at it.
    """

    epoch: int
    train_loss: float
    validation_loss: float | None = None
    refined_loss: float | None = None


@dataclass(slots=True)
class TrainingState:
    """Mutable state of a training between two epochs.

    Attributes:
        network: weights that the optimiser moves.
        averaged: moving average of the weights.
        optimiser: AdamW with its moments.
        shuffle: generator of the row order.
        epoch: epochs done.
        steps: optimiser steps done.
        best: averaged weights of the best epoch so far.
        best_epoch: its number, 0 before the first.
        waited: epochs since the best.
        curve: one record per epoch.
    """

    network: nn.Sequential
    averaged: nn.Sequential
    optimiser: torch.optim.AdamW
    shuffle: torch.Generator
    epoch: int = 0
    steps: int = 0
    best: Weights = field(default_factory=dict)
    best_epoch: int = 0
    waited: int = 0
    curve: list[EpochRecord] = field(default_factory=list)

    def keep(self) -> None:
        """Keep the averaged weights as the best so far."""
        self.best = {name: value.clone() for name, value in self.averaged.state_dict().items()}
        self.best_epoch, self.waited = self.epoch, 0

    def best_network(self) -> nn.Sequential:
        """Return the network with the kept weights."""
        kept = copy.deepcopy(self.averaged)
        kept.load_state_dict(self.best)
        return kept.eval()


def start_state(task: Task) -> TrainingState:
    """Return the state before the first epoch; seeds torch's own generators too."""
    seed = task.training.seed
    torch.manual_seed(seed)
    network = build_network(task.architecture, task.width, task.classes).to(task.device)
    return TrainingState(
        network=network,
        averaged=copy.deepcopy(network).eval().requires_grad_(requires_grad=False),
        optimiser=torch.optim.AdamW(
            network.parameters(),
            lr=float(task.training.learning_rate),
            weight_decay=float(task.training.weight_decay),
        ),
        shuffle=torch.Generator().manual_seed(seed),
    )


def pack_state(state: TrainingState, threads: int) -> bytes:
    """Return the state as a checkpoint: tensors, numbers and strings, no code."""
    content: dict[str, Any] = {
        "network": state.network.state_dict(),
        "averaged": state.averaged.state_dict(),
        "optimiser": state.optimiser.state_dict(),
        "best": state.best,
        "best_epoch": state.best_epoch,
        "waited": state.waited,
        "epoch": state.epoch,
        "steps": state.steps,
        "curve": [astuple(record) for record in state.curve],
        "shuffle": state.shuffle.get_state(),
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        "threads": threads,
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def unpack_state(data: bytes, task: Task) -> TrainingState:
    """Return the state of a checkpoint and set torch's own generators to theirs.

    Raises:
        RuntimeError, KeyError, ValueError, pickle.UnpicklingError: not such a checkpoint.
    """
    content = _load(data, task.device)
    state = start_state(task)
    state.network.load_state_dict(content["network"])
    state.averaged.load_state_dict(content["averaged"])
    state.optimiser.load_state_dict(content["optimiser"])
    state.shuffle.set_state(content["shuffle"].cpu())
    state.best, state.best_epoch = content["best"], content["best_epoch"]
    state.epoch, state.steps = content["epoch"], content["steps"]
    state.waited = content["waited"]
    state.curve = [EpochRecord(*entry) for entry in content["curve"]]
    torch.set_rng_state(content["torch"].cpu())
    if content["cuda"] and torch.cuda.is_available():
        torch.cuda.set_rng_state_all([generator.cpu() for generator in content["cuda"]])
    return state


def threads_of(data: bytes) -> int:
    """Return the number of threads that a checkpoint was trained with."""
    return int(_load(data, torch.device("cpu"))["threads"])


def _load(data: bytes, device: torch.device) -> dict[str, Any]:
    content: dict[str, Any] = torch.load(io.BytesIO(data), map_location=device, weights_only=True)
    return content
