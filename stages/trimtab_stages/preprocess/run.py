"""Stage `preprocess`: fits the levers and measures what each of them loses and costs."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from trimtab_stages.contract.gates import LeverLoss
from trimtab_stages.contract.recipe import Lever
from trimtab_stages.contract.run import Progress, StageName, StageResult
from trimtab_stages.preprocess.fit import Columns, build_vocabularies, fit_lever
from trimtab_stages.preprocess.information import information_loss, sample_rows
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.split import (
    Floats,
    SplitRows,
    categorical_features,
    numeric_features,
    read_splits,
)
from trimtab_stages.preprocess.steps import Step
from trimtab_stages.runtime.artifacts import read_blob, write_blob
from trimtab_stages.runtime.context import Results, StageContext, StageProduct
from trimtab_stages.store import Store

PREPROCESSOR = "preprocessor"
"""Output: the fitted preprocessing, JSON of `Preprocessor`."""

Clock = Callable[[], float]


def run_preprocess(context: StageContext, _results: Results) -> StageProduct:
    """Fit all levers on the training split and store the fitted preprocessing."""
    splits = read_splits(context.store, context.spec, context.workdir)
    manifest = splits.manifest
    preprocessor = fit_preprocessor(
        splits.train,
        [feature.name for feature in numeric_features(manifest)],
        [feature.name for feature in categorical_features(manifest)],
        context.spec.recipe.levers,
    )
    losses = {f"loss.{lever.name}": lever.loss for lever in preprocessor.levers}
    count = len(preprocessor.levers)
    context.progress.report(
        Progress(stage=StageName.PREPROCESS, done=count, of=count, numbers=losses)
    )
    ref = write_blob(context.store, preprocessor.to_bytes())
    return StageProduct({PREPROCESSOR: ref}, {"width": float(preprocessor.width), **losses})


def read_preprocessor(store: Store, result: StageResult) -> Preprocessor:
    """Return the fitted preprocessing of a stage result."""
    return Preprocessor.model_validate_json(read_blob(store, result.outputs[PREPROCESSOR]))


def fit_preprocessor(
    train: SplitRows,
    numeric: Sequence[str],
    categorical: Sequence[str],
    levers: Sequence[Lever],
    clock: Clock = time.perf_counter,
) -> Preprocessor:
    """Fit all levers, in order.

    Args:
        train: rows of the training split.
        numeric: names of the numeric features, tensor order.
        categorical: names of the categorical features, tensor order.
        levers: the recipe's levers.
        clock: monotonic seconds, for the cost of every lever.

    Raises:
        StageError: InvalidInvocation, a lever does not fit the columns before it.
    """
    columns = Columns(tuple(numeric), train.numeric, build_vocabularies(train, categorical))
    sample = train.take(sample_rows(len(train)))
    steps: list[Step] = []
    losses: list[LeverLoss] = []
    for lever in levers:
        before = columns
        step, columns = fit_lever(lever, before)
        start = clock()
        step.apply(before.values)
        seconds = clock() - start
        steps.append(step)
        losses.append(_measure(lever, (before, columns), sample, seconds))
    return Preprocessor(
        steps=steps,
        numeric=list(columns.numeric),
        vocabularies=list(columns.vocabularies),
        levers=losses,
    )


def _measure(
    lever: Lever, around: tuple[Columns, Columns], sample: SplitRows, seconds: float
) -> LeverLoss:
    before, after = around
    rows = sample_rows(len(before.values))
    limit = lever.max_information_loss
    return LeverLoss(
        name=lever.name,
        loss=information_loss(_matrix(before, rows, sample), _matrix(after, rows, sample)),
        limit=None if limit is None else float(limit),
        columns_in=before.width,
        columns_out=after.width,
        seconds=seconds,
    )


def _matrix(columns: Columns, rows: np.ndarray, sample: SplitRows) -> Floats:
    encoded = [words.encode(sample.categorical) for words in columns.vocabularies]
    return np.concatenate([columns.values[rows], *encoded], axis=1)
