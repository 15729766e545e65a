"""The ingest stage: reads the source, applies the rules, writes snapshot, report and commit."""

import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from trimtab_stages.contract import layout
from trimtab_stages.contract.reasons import StageError
from trimtab_stages.contract.run import IngestCommit, IngestSpec
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.ingest.append import Traffic, add_captured
from trimtab_stages.ingest.assemble import Assembled, finish_rows, split_rows
from trimtab_stages.ingest.check import check_rules
from trimtab_stages.ingest.columns import source_headers
from trimtab_stages.ingest.croissant import croissant
from trimtab_stages.ingest.curate import Curated, curate
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.quarantine import quarantine_table
from trimtab_stages.ingest.read import read_source
from trimtab_stages.ingest.report_figures import build_figures
from trimtab_stages.ingest.report_page import render_page
from trimtab_stages.ingest.snapshot import (
    build_manifest,
    build_snapshot,
    utc_time,
    write_splits,
    write_table,
)
from trimtab_stages.ingest.trust import TimeTrust
from trimtab_stages.runtime.artifacts import write_blob
from trimtab_stages.store import ArtifactConflict, NotFound, Store

LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an ingest runs, and its time.

    Attributes:
        source: store that `source.uri` is a key of.
        store: store that the snapshot goes to; in a pod the same.
        work: scratch directory.
        now: time of ingestion, with a time zone; rows from later are rejected.
        clock: monotonic seconds, for the cost of each rule.
    """

    source: Store
    store: Store
    work: Path
    now: datetime
    clock: Callable[[], float]


def run(spec: IngestSpec, place: Place) -> IngestCommit:
    """Make a snapshot and return its commit; an ingest that is committed is not done again.

    Raises:
        StageError: a rule failed; the reason says which, the message what to do.
        StoreError: a store failed.
    """
    if (done := read_commit(place.store, spec)) is not None:
        return done
    check_rules(spec.rules)
    place.work.mkdir(parents=True, exist_ok=True)
    ledger = Ledger(place.clock)
    start = place.clock()
    raw = read_source(place.source, spec.source, source_headers(spec.rules), place.work)
    ledger.account_read(raw, place.clock() - start)
    try:
        curated = curate(raw, spec.rules, list(spec.source.na_tokens), ledger, place.now)
        finished = finish_rows(curated, spec.rules, ledger)
        if spec.capture is not None:
            traffic = Traffic(place.store, spec.capture)
            finished = add_captured(finished, traffic, spec.rules, ledger)
        assembled = split_rows(finished, spec.rules, ledger)
    except StageError as error:
        raise _with_evidence(error, place.store, ledger) from error
    manifest = _publish(spec, place, curated, assembled, ledger)
    return _commit(spec, place.store, manifest, _Stamps.of(curated, assembled))


def read_commit(store: Store, spec: IngestSpec) -> IngestCommit | None:
    """Return the commit of an earlier attempt, or None."""
    try:
        data = store.get(layout.ingest_commit(spec.dataset, spec.id))
    except NotFound:
        return None
    return IngestCommit.model_validate_json(data)


def _with_evidence(error: StageError, store: Store, ledger: Ledger) -> StageError:
    """Store the rows rejected so far, and say in the message where they are."""
    if ledger.raw is None or ledger.quarantined == 0:
        return error
    rejected = write_blob(store, write_table(quarantine_table(ledger.raw, ledger.rejected)))
    where = f"The {ledger.quarantined} rejected rows are in {store.uri(rejected.key)} (Parquet)."
    return StageError(error.reason, f"{error.message} {where}")


def _publish(
    spec: IngestSpec, place: Place, curated: Curated, assembled: Assembled, ledger: Ledger
) -> SnapshotManifest:
    """Write splits and documents; return the complete manifest."""
    store = place.store
    snapshot = build_snapshot(assembled, spec.rules)
    files = write_splits(store, spec.dataset, snapshot, place.work)
    plain = build_manifest(spec, snapshot, assembled, files, ledger)
    figures = build_figures(plain, curated, assembled, ledger)
    rejected = quarantine_table(curated.raw, ledger.rejected)
    documents = {
        "quarantine": write_blob(store, write_table(rejected)),
        "report": write_blob(store, render_page(figures).encode()),
        "report_data": write_blob(store, _json(figures)),
        "croissant": write_blob(store, _json(croissant(plain, spec.rules))),
    }
    return plain.model_copy(update=documents)


@dataclass(frozen=True, slots=True)
class _Stamps:
    """What a commit says of time: its newest row's, and how far stamps can be trusted."""

    newest_ns: int
    trust: TimeTrust

    @classmethod
    def of(cls, curated: Curated, assembled: Assembled) -> "_Stamps":
        newest = max(int(curated.measured.time_ns.max()), int(assembled.rows.time_ns.max()))
        return cls(newest, curated.time_trust)


def _commit(
    spec: IngestSpec, store: Store, manifest: SnapshotManifest, stamps: _Stamps
) -> IngestCommit:
    commit = IngestCommit(
        id=spec.id,
        dataset=spec.dataset,
        snapshot=manifest.digest,
        manifest=write_blob(store, manifest.to_bytes()),
        rows=manifest.rows_kept,
        rows_quarantined=manifest.rows_quarantined,
        newest_row=utc_time(stamps.newest_ns),
        captured_rows=manifest.captured_rows,
        captured_through=manifest.captured_through,
        timestamps_trusted=stamps.trust.trusted,
        message=_message(manifest, stamps.trust.sentence()),
    )
    try:
        store.put_if_absent(layout.ingest_commit(spec.dataset, spec.id), commit.to_bytes())
    except ArtifactConflict:
        # Another attempt of the same ingest was faster; its costs differ, so its bytes do.
        LOG.info("adopting the commit of another attempt", extra={"ingest": spec.id})
        return read_commit(store, spec) or commit
    return commit


def _message(manifest: SnapshotManifest, doubts: str) -> str:
    rows = (
        f"{manifest.rows_in} rows: {manifest.rows_kept} kept, {manifest.rows_quarantined}"
        f" quarantined, {manifest.rows_filtered} set aside"
    )
    if manifest.captured_through is not None:
        rows += (
            f"; {manifest.captured_rows} of the kept ones were captured before"
            f" {manifest.captured_through:%Y-%m-%dT%H:%M:%SZ}"
        )
    return f"{rows}; {doubts}" if doubts else rows


def _json(value: object) -> bytes:
    return json.dumps(value, indent=1, ensure_ascii=False).encode()
