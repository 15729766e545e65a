"""Small rules and frames for ingest tests, and a whole ingest in a directory."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.run import IngestCommit, IngestSpec
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.ingest.frame import Categories, Frame
from trimtab_stages.ingest.run import Place, run
from trimtab_stages.store import LocalStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = 1_000_000_000
NAN = float("nan")

MINIMAL: dict[str, Any] = {
    "columns": [{"name": "x", "role": "Source"}],
    "time": {"column": "ts"},
    "lags": [{"column": "x", "steps": [1]}],
    "target": {"name": "y", "column": "x", "kind": "Above", "threshold": "0"},
}


def make_rules(**changes: Any) -> IngestRules:
    """Return the smallest valid rules with top-level fields replaced (camelCase)."""
    return IngestRules.model_validate(MINIMAL | changes)


def make_frame(
    seconds: Sequence[int], *, series: Sequence[int] | None = None, **columns: Sequence[Any]
) -> Frame:
    """Return a frame: numbers from numeric columns, categories from texts (None is missing)."""
    rows = len(seconds)
    numbers: dict[str, Any] = {}
    categories: dict[str, Categories] = {}
    for name, values in columns.items():
        if any(isinstance(value, str) for value in values):
            names = tuple(sorted({value for value in values if value is not None}))
            codes = [-1 if value is None else names.index(value) for value in values]
            categories[name] = Categories(np.array(codes, np.int32), names)
        else:
            numbers[name] = np.array(values, np.float64)
    group = np.array(series if series is not None else [0] * rows, np.int64)
    return Frame(
        np.array(seconds, np.int64) * SECOND,
        np.arange(rows),
        group,
        group.copy(),
        numbers,
        categories,
    )


@dataclass(frozen=True, slots=True)
class Ingested:
    """A finished ingest and its store."""

    commit: IngestCommit
    manifest: SnapshotManifest
    store: LocalStore
    root: Path

    def split(self, name: str) -> pa.Table:
        """Return a split as it is stored."""
        return pq.read_table(self.root / self.manifest.split(name).file.key)

    def rows(self) -> pa.Table:
        """Return all splits, one behind the other."""
        return pa.concat_tables([self.split(name) for name in ("train", "validation", "test")])

    def quarantine(self) -> list[dict[str, Any]]:
        """Return the quarantined rows."""
        assert self.manifest.quarantine is not None
        rows: list[dict[str, Any]] = pq.read_table(
            self.root / self.manifest.quarantine.key
        ).to_pylist()
        return rows

    def figures(self) -> dict[str, Any]:
        """Return the figures of the report."""
        assert self.manifest.report_data is not None
        figures: dict[str, Any] = json.loads(self.store.get(self.manifest.report_data.key))
        return figures


def ingest(
    folder: Path,
    files: Mapping[str, str | bytes | pa.Table],
    rules: IngestRules,
    *,
    now: datetime = NOW,
    plan: CapturePlan | None = None,
    **source: Any,
) -> Ingested:
    """Write `files` below `raw/` of a local store in `folder` and ingest them.

    Tables become Parquet files; `source` holds further fields of the source (camelCase). Objects
    that the store holds already stay: captured rows are written there before.
    """
    root = folder / "store"
    root.mkdir(parents=True, exist_ok=True)
    store = LocalStore(root)
    for name, content in files.items():
        write_raw(root / "raw" / name, content)
    uri = f"raw/{next(iter(files))}" if len(files) == 1 else "raw/"
    spec = IngestSpec.model_validate(
        {
            "id": "ingest-1",
            "dataset": "data",
            "source": {"uri": uri} | source,
            "rules": rules.to_wire(),
            "capture": plan.to_wire() if plan else None,
            "codeVersion": "test",
        }
    )
    ticks = count()
    place = Place(store, store, folder / "work", now, lambda: float(next(ticks)))
    commit = run(spec, place)
    manifest = SnapshotManifest.model_validate_json(store.get(commit.manifest.key))
    return Ingested(commit, manifest, store, root)


def write_raw(path: Path, content: str | bytes | pa.Table) -> None:
    """Write a source file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(content, str | bytes):
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    else:
        pq.write_table(content, path)


def csv_text(header: str, rows: Sequence[str]) -> str:
    """Return a CSV file's text."""
    return "\n".join([header, *rows]) + "\n"


def iso(second: int) -> str:
    """Return seconds since 2020-01-01 as an ISO 8601 stamp without a zone."""
    moment = datetime.fromtimestamp(1_577_836_800 + second, UTC)
    return moment.replace(tzinfo=None).isoformat(sep=" ")
