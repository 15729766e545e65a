"""Stages `train` and `refit`: from transformed rows to weights and a learning curve."""

import time
from dataclasses import asdict, dataclass, field

import torch

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import canonical_json
from trimtab_stages.contract.recipe import EarlyStopping, Training
from trimtab_stages.contract.run import Progress, StageName, StageResult
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.run import read_preprocessor
from trimtab_stages.preprocess.split import SplitRows, read_splits
from trimtab_stages.runtime.artifacts import read_blob, write_blob
from trimtab_stages.runtime.context import Results, StageContext, StageProduct
from trimtab_stages.runtime.stop import InterruptedRunError
from trimtab_stages.store import Store
from trimtab_stages.train.checkpoints import Checkpoints, recorded_threads, resume
from trimtab_stages.train.loop import Labelled, TrainingRows, train_epochs
from trimtab_stages.train.network import Dense, dense_layers, pack_layers, unpack_layers
from trimtab_stages.train.outputs import (
    BEST_EPOCH,
    CURVE,
    REFINED_LOSS,
    TRAIN_LOSS,
    VALIDATION_LOSS,
    WEIGHTS,
)
from trimtab_stages.train.reproducible import deterministic, pick_device, plan_threads
from trimtab_stages.train.state import EpochRecord, Task, TrainingState, pack_state, start_state


def run_train(context: StageContext, results: Results) -> StageProduct:
    """Train on the training split, stop early on the validation split."""
    splits = read_splits(context.store, context.spec, context.workdir)
    preprocessor = read_preprocessor(context.store, results[StageName.PREPROCESS])
    rows = _Rows(splits.train, splits.validation, len(splits.manifest.target.classes))
    return _train(context, StageName.TRAIN, preprocessor, rows)


def run_refit(context: StageContext, results: Results) -> StageProduct:
    """Train once more on all splits, for as many epochs as early stopping kept."""
    splits = read_splits(context.store, context.spec, context.workdir)
    preprocessor = read_preprocessor(context.store, results[StageName.PREPROCESS])
    epochs = int(results[StageName.TRAIN].numbers[BEST_EPOCH])
    rows = _Rows(splits.all(), None, len(splits.manifest.target.classes), epochs)
    return _train(context, StageName.REFIT, preprocessor, rows)


def read_layers(store: Store, result: StageResult) -> list[Dense]:
    """Return the weights of a stage result."""
    return unpack_layers(read_blob(store, result.outputs[WEIGHTS]))


@dataclass(frozen=True, slots=True)
class _Rows:
    train: SplitRows
    validation: SplitRows | None
    classes: int
    epochs: int | None = None


def _train(
    context: StageContext, stage: StageName, preprocessor: Preprocessor, rows: _Rows
) -> StageProduct:
    checkpoints = Checkpoints(context.store, context.keys[stage])
    found = checkpoints.newest()
    task = _task(context, preprocessor, rows, found)
    with deterministic(task.threads):
        state = resume(found, task) or start_state(task)
        journal = _Journal(context, stage, task, checkpoints)
        try:
            train_epochs(
                state, _on_device(preprocessor, rows, task), task, context.stop, journal.note
            )
        except InterruptedRunError:
            journal.flush()
            raise
    return _product(context, state, task, len(rows.train))


def _task(
    context: StageContext, preprocessor: Preprocessor, rows: _Rows, found: list[bytes]
) -> Task:
    recipe = context.spec.recipe
    widths = [preprocessor.width, *recipe.model.hidden]
    useful = plan_threads(context.threads, recipe.training.batch_size, widths)
    threads = recorded_threads(found, useful)
    training = recipe.training
    if rows.epochs is not None:
        training = training.model_copy(
            update={
                "epochs": rows.epochs,
                "early_stopping": EarlyStopping(patience_epochs=rows.epochs),
            }
        )
    return Task(recipe.model, training, preprocessor.width, rows.classes, pick_device(), threads)


def _on_device(preprocessor: Preprocessor, rows: _Rows, task: Task) -> TrainingRows:
    def labelled(split: SplitRows) -> Labelled:
        x, y = torch.from_numpy(preprocessor.transform(split)), torch.from_numpy(split.target)
        return Labelled(x.to(task.device), y.to(task.device))

    return TrainingRows(
        labelled(rows.train), None if rows.validation is None else labelled(rows.validation)
    )


def _product(context: StageContext, state: TrainingState, task: Task, rows: int) -> StageProduct:
    kept = state.curve[state.best_epoch - 1]
    outputs: dict[str, ArtifactRef] = {
        WEIGHTS: write_blob(context.store, pack_layers(dense_layers(state.best_network()))),
        CURVE: write_blob(context.store, canonical_json([_line(r) for r in state.curve])),
    }
    numbers = {
        BEST_EPOCH: float(state.best_epoch),
        "epochs": float(state.epoch),
        "steps": float(state.steps),
        "rows": float(rows),
        "threads": float(task.threads),
        "gpu": float(task.device.type == "cuda"),
        **_losses(kept),
    }
    return StageProduct(outputs, numbers)


def _line(record: EpochRecord) -> dict[str, object]:
    return {name: value for name, value in asdict(record).items() if value is not None}


def _losses(record: EpochRecord) -> dict[str, float]:
    losses = {
        TRAIN_LOSS: record.train_loss,
        VALIDATION_LOSS: record.validation_loss,
        REFINED_LOSS: record.refined_loss,
    }
    return {name: value for name, value in losses.items() if value is not None}


@dataclass(slots=True)
class _Journal:
    """Checkpoints, metric lines and progress after every epoch."""

    context: StageContext
    stage: StageName
    task: Task
    checkpoints: Checkpoints
    started: float = field(default_factory=time.perf_counter)
    pending: bytes | None = None
    epoch: int = 0
    lines: list[dict[str, object]] = field(default_factory=list)

    def note(self, state: TrainingState) -> None:
        """Take down an epoch; write a checkpoint where one is due."""
        record = state.curve[-1]
        self.epoch, self.pending = state.epoch, pack_state(state, self.task.threads)
        self.lines.append(_line(record) | {"seconds": time.perf_counter() - self.started})
        self.started = time.perf_counter()
        training: Training = self.task.training
        if state.epoch % training.checkpoint_every_epochs == 0:
            self.flush()
        self.context.progress.report(
            Progress(
                stage=self.stage, done=state.epoch, of=training.epochs, numbers=_losses(record)
            )
        )

    def flush(self) -> None:
        """Write the newest epoch's checkpoint, then its metric lines, unless both are written.

        In this order no epoch is ever logged twice: a resumed attempt begins after the checkpoint.
        """
        if self.pending is None:
            return
        self.checkpoints.write(self.epoch, self.pending)
        self.context.progress.write_metrics(self.stage, self.epoch, self.lines)
        self.pending = None
        self.lines = []
