"""The epoch loop: one pass, one look at the losses, one decision whether to go on."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.recipe import Training
from trimtab_stages.preprocess.information import sample_rows
from trimtab_stages.runtime.stop import InterruptedRunError, StopFlag
from trimtab_stages.train.averaging import decay_at, fold_in
from trimtab_stages.train.network import loss_of
from trimtab_stages.train.refinement import refined_loss
from trimtab_stages.train.state import EpochRecord, Task, TrainingState

CURVE_ROWS = 50_000


@dataclass(frozen=True, slots=True)
class Labelled:
    """Rows on the training device.

    Attributes:
        x: network inputs, float32 [n, width].
        y: class index, int64 [n].
    """

    x: Tensor
    y: Tensor


@dataclass(frozen=True, slots=True)
class TrainingRows:
    """What is learnt from and, unless this is a refit, what early stopping looks at."""

    train: Labelled
    validation: Labelled | None


AfterEpoch = Callable[[TrainingState], None]


def train_epochs(
    state: TrainingState, rows: TrainingRows, task: Task, stop: StopFlag, after: AfterEpoch
) -> None:
    """Train until the recipe says enough; `state` holds the result.

    Args:
        state: where to go on from; changed in place.
        rows: training and validation rows.
        task: the recipe's part.
        stop: looked at between two optimiser steps.
        after: called after every epoch, for checkpoints and reports.

    Raises:
        InterruptedRunError: `stop` was set.
        StageError: NaNLoss, the loss is no finite number any more.
    """
    while not is_finished(state, task.training):
        _one_pass(state, rows.train, task, stop)
        state.epoch += 1
        record = _look(state, rows)
        _refuse_nan(record, task.training)
        state.curve.append(record)
        _remember_best(state, record, task.training)
        after(state)


def is_finished(state: TrainingState, training: Training) -> bool:
    """Return True after the last epoch, or when patience has run out."""
    patience = training.early_stopping.patience_epochs
    return state.epoch >= training.epochs or state.waited >= patience


def _one_pass(state: TrainingState, rows: Labelled, task: Task, stop: StopFlag) -> None:
    decay = float(task.training.weight_averaging)
    state.network.train()
    order = torch.randperm(len(rows.y), generator=state.shuffle).to(task.device)
    for batch in torch.split(order, task.training.batch_size):
        if stop.is_set():
            raise InterruptedRunError
        state.optimiser.zero_grad(set_to_none=True)
        torch.autograd.backward(loss_of(state.network(rows.x[batch]), rows.y[batch]))
        state.optimiser.step()
        fold_in(
            state.averaged.parameters(), state.network.parameters(), decay_at(state.steps, decay)
        )
        state.steps += 1


def _look(state: TrainingState, rows: TrainingRows) -> EpochRecord:
    sample = torch.from_numpy(sample_rows(len(rows.train.y), CURVE_ROWS)).to(rows.train.y.device)
    with torch.no_grad():
        train = float(loss_of(state.averaged(rows.train.x[sample]), rows.train.y[sample]))
        if rows.validation is None:
            return EpochRecord(state.epoch, train)
        logits = state.averaged(rows.validation.x)
        plain = float(loss_of(logits, rows.validation.y))
    if not math.isfinite(plain):
        return EpochRecord(state.epoch, train, plain, plain)
    return EpochRecord(state.epoch, train, plain, refined_loss(logits, rows.validation.y))


def _remember_best(state: TrainingState, record: EpochRecord, training: Training) -> None:
    if record.refined_loss is None:
        state.keep()
        return
    best = math.inf
    if state.best_epoch:
        best = state.curve[state.best_epoch - 1].refined_loss or 0.0
    if record.refined_loss < best - float(training.early_stopping.min_delta):
        state.keep()
    else:
        state.waited += 1


def _refuse_nan(record: EpochRecord, training: Training) -> None:
    losses = [record.train_loss, record.validation_loss or 0.0]
    if all(math.isfinite(loss) for loss in losses):
        return
    raise StageError(
        StageReason.NAN_LOSS,
        f"the loss is {record.train_loss} after epoch {record.epoch} at learning rate "
        f"{training.learning_rate:f}; lower `spec.training.learningRate`, or add a Scale or Clip "
        "lever if a feature has extreme values",
    )
