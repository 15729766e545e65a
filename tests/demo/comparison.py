"""HistGradientBoosting on the rows that a network has learnt, and the figure that judges both."""

import io

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from support.boosting import boosted
from trimtab_stages.contract.run import Commit, StageName
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.preprocess.split import SplitRows, concatenate, rows_of
from trimtab_stages.store.protocol import Store

ALL_SPLITS = ("train", "validation", "test")


def boosting_decisions(
    store: Store, manifest: SnapshotManifest, commit: Commit, inputs: NDArray[np.float32]
) -> NDArray[np.int64]:
    """Train on the rows that the run's served network has learnt; decide the given rows, [n]."""
    rows = learnt(store, manifest, commit)
    decided: NDArray[np.int64] = boosted(rows.numeric, rows.target).predict(inputs).astype(np.int64)
    return decided


def learnt(store: Store, manifest: SnapshotManifest, commit: Commit) -> SplitRows:
    """Return the rows behind a run's served weights: all splits after a refit, else training's."""
    refitted = any(use.result.stage is StageName.REFIT for use in commit.stages)
    names = ALL_SPLITS if refitted else ALL_SPLITS[:1]
    return concatenate(*(_split(store, manifest, name) for name in names))


def balanced_accuracy(truth: NDArray[np.int64], decided: NDArray[np.int64]) -> float:
    """Return the mean of the recalls of both classes."""
    return float(balanced_accuracy_score(truth, decided))


def _split(store: Store, manifest: SnapshotManifest, name: str) -> SplitRows:
    table = pq.read_table(io.BytesIO(store.get(manifest.split(name).file.key)))
    return rows_of(table, manifest, name)
