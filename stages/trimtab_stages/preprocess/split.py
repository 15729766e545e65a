"""Reads a snapshot's splits into arrays."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.run import RunSpec
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.runtime.artifacts import fetch_file, read_blob
from trimtab_stages.store import Store

Floats = npt.NDArray[np.float32]
Strings = npt.NDArray[np.object_]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class SplitRows:
    """Rows of one split, or of several, in time order.

    Attributes:
        numeric: numeric features, float32 [n, F], tensor order.
        categorical: categorical features, str objects [n, C], tensor order.
        target: class index, int64 [n].
        time_ns: event time, nanoseconds since 1970 UTC, int64 [n].
    """

    numeric: Floats
    categorical: Strings
    target: Integers
    time_ns: Integers

    def __len__(self) -> int:
        return len(self.target)

    def take(self, rows: Integers | slice) -> "SplitRows":
        """Return some rows, in the given order."""
        return SplitRows(
            self.numeric[rows], self.categorical[rows], self.target[rows], self.time_ns[rows]
        )


@dataclass(frozen=True, slots=True)
class Splits:
    """A snapshot's three splits with its manifest."""

    manifest: SnapshotManifest
    train: SplitRows
    validation: SplitRows
    test: SplitRows

    def all(self) -> SplitRows:
        """Return train, validation and test rows together, in time order."""
        return concatenate(self.train, self.validation, self.test)


def concatenate(*parts: SplitRows) -> SplitRows:
    """Return the rows of all parts, one after the other."""
    return SplitRows(
        np.concatenate([part.numeric for part in parts]),
        np.concatenate([part.categorical for part in parts]),
        np.concatenate([part.target for part in parts]),
        np.concatenate([part.time_ns for part in parts]),
    )


def read_splits(store: Store, spec: RunSpec, folder: Path) -> Splits:
    """Read the snapshot of a run.

    Args:
        store: where the snapshot lies.
        spec: names the snapshot's manifest.
        folder: scratch folder; files are fetched into it once.

    Raises:
        StageError: the snapshot is not the one that the run names, or has unusable rows.
    """
    manifest = read_manifest(store, spec)

    def rows(name: str) -> SplitRows:
        path = fetch_file(store, manifest.split(name).file, folder)
        return rows_of(pq.read_table(path), manifest, name)

    return Splits(manifest, rows("train"), rows("validation"), rows("test"))


def read_manifest(store: Store, spec: RunSpec) -> SnapshotManifest:
    """Return the manifest of a run's snapshot.

    Raises:
        StageError: DigestMismatch, the manifest is of another snapshot.
    """
    manifest = SnapshotManifest.model_validate_json(read_blob(store, spec.manifest))
    if manifest.digest != spec.snapshot:
        raise StageError(
            StageReason.DIGEST_MISMATCH,
            f"{store.uri(spec.manifest.key)} describes snapshot {manifest.digest}, the run names "
            f"{spec.snapshot}; start the run again from the Dataset's newest snapshot",
        )
    return manifest


def rows_of(table: pa.Table, manifest: SnapshotManifest, split: str) -> SplitRows:
    """Return a split's table as arrays.

    Args:
        table: features, target and time, one row per sample, in time order.
        manifest: names and order of the features.
        split: name of the split, for messages.

    Raises:
        StageError: ValidationFailed, a numeric feature is missing in some row.
    """
    numeric = [_numbers(table, feature.name) for feature in numeric_features(manifest)]
    categorical = [
        np.array(table[feature.name].cast(pa.string()).fill_null("").to_pylist(), dtype=object)
        for feature in categorical_features(manifest)
    ]
    rows = SplitRows(
        _columns(numeric, table.num_rows, np.float32),
        _columns(categorical, table.num_rows, np.object_),
        table[manifest.target.name].to_numpy().astype(np.int64),
        table[manifest.time_column].cast(pa.timestamp("ns", "UTC")).cast(pa.int64()).to_numpy(),
    )
    _refuse_missing(rows, manifest, split)
    return rows


def numeric_features(manifest: SnapshotManifest) -> list[Feature]:
    """Return the numeric features in tensor order."""
    return [feature for feature in manifest.features if feature.kind is FeatureKind.NUMERIC]


def categorical_features(manifest: SnapshotManifest) -> list[Feature]:
    """Return the categorical features in tensor order."""
    return [feature for feature in manifest.features if feature.kind is FeatureKind.CATEGORICAL]


def _numbers(table: pa.Table, name: str) -> npt.NDArray[np.float64]:
    values: npt.NDArray[np.float64] = table[name].cast(pa.float64()).to_numpy()
    return values


def _columns(columns: list[npt.NDArray[Any]], rows: int, dtype: Any) -> npt.NDArray[Any]:  # noqa: ANN401 - numpy's own type of dtype arguments
    if not columns:
        return np.empty((rows, 0), dtype=dtype)
    return np.stack(columns, axis=1).astype(dtype)


def _refuse_missing(rows: SplitRows, manifest: SnapshotManifest, split: str) -> None:
    missing = ~np.isfinite(rows.numeric)
    if not missing.any():
        return
    column = int(missing.any(axis=0).argmax())
    raise StageError(
        StageReason.VALIDATION_FAILED,
        f"feature `{numeric_features(manifest)[column].name}` has no finite float32 value in "
        f"{int(missing[:, column].sum())} of {len(rows)} rows of split `{split}`; add a rule for "
        "it under `missing`, or a `range`, to the Dataset and ingest again",
    )
