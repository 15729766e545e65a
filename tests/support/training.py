"""Small real snapshots and run specifications for tests of the training stages."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.features import Feature, FeatureKind
from trimtab_stages.contract.recipe import Architecture, Lever, Recipe, Training
from trimtab_stages.contract.run import ChampionRef, RunSpec, TriggerType
from trimtab_stages.contract.snapshot import SnapshotManifest, SplitInfo, TargetInfo
from trimtab_stages.preprocess.fit import Columns, build_vocabularies
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.run import assemble, fit_levers
from trimtab_stages.preprocess.split import SplitRows
from trimtab_stages.runtime.artifacts import write_blob
from trimtab_stages.store import LocalStore, Store

START = datetime(2024, 1, 1, tzinfo=UTC)
HOUR_NS = 3_600_000_000_000
NUMERIC = ("temperature", "load", "constant")
CATEGORICAL = ("kind",)


def make_rows(count: int, seed: int = 0, first_hour: int = 0, classes: int = 2) -> SplitRows:
    """Return hourly rows whose class follows from temperature, load and kind, with some noise."""
    random = np.random.default_rng(seed)
    temperature = random.normal(15, 8, count)
    load = temperature * 0.5 + random.normal(0, 4, count)
    kind = random.choice(["day", "night"], count).astype(object)
    signal = temperature / 8 + np.where(kind == "day", 1.0, -1.0) + random.normal(0, 0.4, count)
    edges = np.quantile(signal, np.arange(1, classes) / classes)
    numeric = np.stack([temperature, load, np.full(count, 3.0)], axis=1).astype(np.float32)
    hours = np.arange(first_hour, first_hour + count, dtype=np.int64)
    return SplitRows(
        numeric,
        kind[:, None],
        np.searchsorted(edges, signal).astype(np.int64),
        hours * HOUR_NS + int(START.timestamp()) * 1_000_000_000,
    )


def make_features() -> list[Feature]:
    """Return the features of `make_rows`, in tensor order."""
    return [
        *(Feature(name=name) for name in NUMERIC),
        *(Feature(name=name, kind=FeatureKind.CATEGORICAL) for name in CATEGORICAL),
    ]


def write_snapshot(
    store: Store, rows: int = 300, classes: int = 2, seed: int = 0, scale: float = 1.0
) -> SnapshotManifest:
    """Write a snapshot of `rows` training rows and half as many in each other split.

    Args:
        store: where to.
        rows: rows of the training split.
        classes: classes of the target.
        seed: of the random generator.
        scale: factor of every number.
    """
    counts = {"train": rows, "validation": rows // 2, "test": rows // 2}
    splits, first = [], 0
    for index, (name, count) in enumerate(counts.items()):
        held = make_rows(count, seed * 10 + index, first, classes)
        held = replace(held, numeric=held.numeric * np.float32(scale))
        buffer = io.BytesIO()
        pq.write_table(_table(held), buffer)
        start = START + timedelta(hours=first)
        splits.append(
            SplitInfo(
                name=name,
                rows=count,
                start=start,
                end=start + timedelta(hours=count - 1),
                file=write_blob(store, buffer.getvalue()),
            )
        )
        first += count
    return SnapshotManifest(
        dataset="weather",
        digest=digest_of({"rows": rows, "classes": classes, "seed": seed}),
        rules_digest=digest_of("rules"),
        features=make_features(),
        target=TargetInfo(name="busy", classes=[str(index) for index in range(classes)]),
        time_column="time",
        splits=splits,
        rows_in=first,
        rows_kept=first,
        rows_quarantined=0,
    )


def fit_preprocessor(
    rows: SplitRows, levers: Sequence[Lever], categorical: Sequence[str] = CATEGORICAL
) -> Preprocessor:
    """Fit levers on `make_rows`."""
    return assemble(*fit_levers(rows, raw_columns(rows, categorical), levers, (), counting_clock()))


def raw_columns(rows: SplitRows, categorical: Sequence[str] = CATEGORICAL) -> Columns:
    """Return the columns of `make_rows` before the first lever."""
    return Columns(NUMERIC, rows.numeric, build_vocabularies(rows, categorical))


def _table(rows: SplitRows) -> pa.Table:
    columns: dict[str, object] = {
        name: pa.array(rows.numeric[:, index].astype(np.float64))
        for index, name in enumerate(NUMERIC)
    }
    columns["kind"] = pa.array(rows.categorical[:, 0].tolist())
    columns["busy"] = pa.array(rows.target)
    columns["time"] = pa.array(rows.time_ns).cast(pa.timestamp("ns", "UTC"))
    return pa.table(columns)


def make_recipe(epochs: int = 3, **training: object) -> Recipe:
    """Return a recipe that trains in a blink."""
    options = {"epochs": epochs, "batch_size": 64, "learning_rate": "0.01"} | training
    return Recipe(
        model=Architecture(hidden=[8], dropout=Decimal("0.1")),
        training=Training.model_validate(options),
    )


def make_spec(
    store: Store,
    manifest: SnapshotManifest,
    recipe: Recipe,
    run: str = "weather-1",
    champion: ChampionRef | None = None,
) -> RunSpec:
    """Store the manifest and return a run on it."""
    return RunSpec(
        run=run,
        pipeline="weather",
        trigger=TriggerType.REQUEST,
        trigger_id=f"trigger-{run}",
        snapshot=manifest.digest,
        manifest=write_blob(store, manifest.to_bytes()),
        champion=champion,
        recipe=recipe,
        code_version="test",
    )


@dataclass(frozen=True, slots=True)
class Place:
    """A fresh local store with its storage directory and a scratch folder."""

    store: LocalStore
    storage: Path
    work: Path


def make_place(folder: Path) -> Place:
    """Return a local store below a folder."""
    root, storage, work = folder / "store", folder / "storage", folder / "work"
    for path in (root, storage, work):
        path.mkdir()
    (storage / "path").write_text(str(root))
    return Place(LocalStore(root), storage, work)


def counting_clock() -> Callable[[], float]:
    """Return a clock that advances one second at every look."""
    ticks = iter(range(1_000_000))
    return lambda: float(next(ticks))
