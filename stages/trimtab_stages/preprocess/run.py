"""Stage `preprocess`: fits the levers and measures what each of them loses and costs."""

import time
from collections.abc import Callable, Sequence

import numpy as np

from trimtab_stages.contract.gates import LeverLoss
from trimtab_stages.contract.recipe import Lever
from trimtab_stages.contract.run import Progress, StageName, StageResult
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.contract.stage_key import lever_keys
from trimtab_stages.preprocess.fit import Columns, build_vocabularies, fit_lever
from trimtab_stages.preprocess.fitted import FittedLever, keep_fitted, read_fitted
from trimtab_stages.preprocess.information import information_loss, sample_rows
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.split import (
    Floats,
    SplitRows,
    categorical_features,
    numeric_features,
    read_splits,
)
from trimtab_stages.runtime.artifacts import read_blob, write_blob
from trimtab_stages.runtime.context import Results, StageContext, StageProduct
from trimtab_stages.store import Store

PREPROCESSOR = "preprocessor"
"""Output: the fitted preprocessing, JSON of `Preprocessor`."""
FITTED = "fittedLevers"
"""Number: how many levers were really fitted; those before them had been by an earlier run."""

Clock = Callable[[], float]


def run_preprocess(context: StageContext, _results: Results) -> StageProduct:
    """Fit the levers from the first edited one on, and store the fitted preprocessing."""
    splits = read_splits(context.store, context.spec, context.workdir)
    levers, keys = context.spec.recipe.levers, lever_keys(context.spec)
    known = read_fitted(context.store, keys)
    before = first_columns(splits.train, splits.manifest)
    fitted, columns = fit_levers(splits.train, before, levers, known)
    for key, lever in list(zip(keys, fitted, strict=True))[len(known) :]:
        keep_fitted(context.store, key, lever)
    preprocessor = assemble(fitted, columns)
    losses = {f"loss.{lever.name}": lever.loss for lever in preprocessor.levers}
    context.progress.report(
        Progress(stage=StageName.PREPROCESS, done=len(levers), of=len(levers), numbers=losses)
    )
    ref = write_blob(context.store, preprocessor.to_bytes())
    numbers = {"width": float(preprocessor.width), FITTED: float(len(levers) - len(known))}
    return StageProduct({PREPROCESSOR: ref}, numbers | losses)


def read_preprocessor(store: Store, result: StageResult) -> Preprocessor:
    """Return the fitted preprocessing of a stage result."""
    return Preprocessor.model_validate_json(read_blob(store, result.outputs[PREPROCESSOR]))


def first_columns(train: SplitRows, manifest: SnapshotManifest) -> Columns:
    """Return the columns before the first lever."""
    numeric = tuple(feature.name for feature in numeric_features(manifest))
    categorical = [feature.name for feature in categorical_features(manifest)]
    return Columns(numeric, train.numeric, build_vocabularies(train, categorical))


def fit_levers(
    train: SplitRows,
    columns: Columns,
    levers: Sequence[Lever],
    known: Sequence[FittedLever] = (),
    clock: Clock = time.perf_counter,
) -> tuple[list[FittedLever], Columns]:
    """Fit the levers, in order; return them with the columns behind the last one.

    Args:
        train: rows of the training split.
        columns: the columns before the first lever.
        levers: the recipe's levers.
        known: the first of them, where they are fitted already.
        clock: monotonic seconds, for the cost of every lever.

    Raises:
        StageError: InvalidInvocation, a lever does not fit the columns before it.
    """
    for earlier in known:
        columns = earlier.apply(columns)
    fitted = list(known)
    sample = train.take(sample_rows(len(train)))
    for lever in levers[len(known) :]:
        before = columns
        step, columns = fit_lever(lever, before)
        start = clock()
        step.apply(before.values)
        loss = _measure(lever, (before, columns), sample, clock() - start)
        fitted.append(FittedLever.of(step, columns, loss))
    return fitted, columns


def assemble(fitted: Sequence[FittedLever], columns: Columns) -> Preprocessor:
    """Join fitted levers, with the columns behind the last one, to the whole preprocessing."""
    return Preprocessor(
        steps=[lever.step for lever in fitted],
        numeric=list(columns.numeric),
        vocabularies=list(columns.vocabularies),
        levers=[lever.loss for lever in fitted],
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
