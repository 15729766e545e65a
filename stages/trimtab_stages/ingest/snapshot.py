"""Writes a snapshot: splits by logical digest, its documents by their bytes, the manifest last."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.run import IngestSpec
from trimtab_stages.contract.snapshot import SnapshotManifest, SplitInfo, TargetInfo
from trimtab_stages.ingest.assemble import Assembled
from trimtab_stages.ingest.content import content_digest
from trimtab_stages.ingest.frame import CAPTURED
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.split import SPLIT_NAMES
from trimtab_stages.ingest.target import BINARY_CLASSES
from trimtab_stages.store import ArtifactConflict, Store


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The splits and what identifies them.

    Attributes:
        digest: of the logical content.
        tables: the splits by name.
        target: what is predicted.
    """

    digest: str
    tables: Mapping[str, pa.Table]
    target: TargetInfo


def build_snapshot(assembled: Assembled, rules: IngestRules) -> Snapshot:
    """Return the splits' tables and their digest."""
    tables = {name: assembled.table(name, rules) for name in SPLIT_NAMES}
    target = TargetInfo(
        name=rules.target.name,
        classes=list(assembled.labels.classes),
        threshold=assembled.labels.threshold,
        horizon_steps=rules.target.horizon_steps,
    )
    digest = content_digest(tables, assembled.features, target)
    return Snapshot(digest, tables, target)


def build_manifest(
    spec: IngestSpec,
    snapshot: Snapshot,
    assembled: Assembled,
    files: Mapping[str, ArtifactRef],
    ledger: Ledger,
) -> SnapshotManifest:
    """Return the manifest without its documents (quarantine, report, Croissant)."""
    rules = spec.rules
    return SnapshotManifest(
        dataset=spec.dataset,
        digest=snapshot.digest,
        rules_digest=digest_of(rules),
        features=list(assembled.features),
        protected=list(assembled.protected),
        target=snapshot.target,
        time_column=rules.time.column,
        interval_seconds=rules.time.grid.interval_seconds if rules.time.grid else None,
        splits=[_split_info(name, snapshot, files[name], rules) for name in SPLIT_NAMES],
        rows_in=ledger.rows_in,
        rows_kept=len(assembled.rows),
        rows_quarantined=ledger.quarantined,
        rows_filtered=ledger.filtered,
        captured_rows=int((assembled.rows.source == CAPTURED).sum()),
        captured_through=spec.capture.through if spec.capture else None,
        counts=list(ledger.counts),
    )


def write_splits(
    store: Store, dataset: str, snapshot: Snapshot, work: Path
) -> dict[str, ArtifactRef]:
    """Store every split as Parquet under the snapshot's digest and return the references.

    A file that another ingest wrote with the same content is used as it is, even if another
    library version laid out its bytes differently.

    Raises:
        ArtifactConflict: a stored file holds other content than its name says.
    """
    return {
        name: _write_split(
            store, layout.snapshot_file(dataset, snapshot.digest, f"{name}.parquet"), table, work
        )
        for name, table in snapshot.tables.items()
    }


def write_table(table: pa.Table) -> bytes:
    """Return a small table as the bytes of a Parquet file."""
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def _write_split(store: Store, key: str, table: pa.Table, work: Path) -> ArtifactRef:
    path = work / "split.parquet"
    pq.write_table(table, path, compression="zstd")
    try:
        digest = store.put_file_if_absent(key, path).digest
    except ArtifactConflict:
        digest = store.get_file(key, path)
        if not pq.read_table(path).equals(table):
            raise
    return ArtifactRef(key=key, digest=digest, size=path.stat().st_size)


def _split_info(name: str, snapshot: Snapshot, file: ArtifactRef, rules: IngestRules) -> SplitInfo:
    table = snapshot.tables[name]
    times = np.asarray(table[rules.time.column].cast(pa.int64()))
    positive = None
    if tuple(snapshot.target.classes) == BINARY_CLASSES:
        positive = float(np.mean(np.asarray(table[rules.target.name])))
    return SplitInfo(
        name=name,
        rows=table.num_rows,
        start=utc_time(int(times[0])),
        end=utc_time(int(times[-1])),
        positive_rate=positive,
        file=file,
    )


def utc_time(time_ns: int) -> datetime:
    """Return nanoseconds since 1970 as a UTC time; digits below a microsecond are cut."""
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time_ns // 1000)
