"""Boxes of the data side: source, ingest, snapshot."""

from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.cli.diagram.picture import Box, Fact, Item, State
from trimtab_operator.cli.diagram.scene import Scene
from trimtab_operator.cli.diagram.states import is_false, summary_of
from trimtab_operator.cli.diagram.wording import ago, count, percent, short_digest, span
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.snapshot import SnapshotManifest

SOURCE_FAULTS = frozenset(
    {
        StageReason.SOURCE_MISSING,
        StageReason.UNREADABLE_FILE,
        StageReason.MISSING_COLUMN,
        StageReason.WRONG_UNIT,
        StageReason.ACCESS_DENIED,
        StageReason.BUCKET_MISSING,
        StageReason.STORE_UNREACHABLE,
    }
)
SHOWN_RULES = 3


def build_source(dataset: Dataset, manifest: SnapshotManifest | None) -> Box:
    """Return the box of where raw rows come from."""
    source, time = dataset.spec.source, dataset.spec.time
    state, word, message = summary_of(dataset)
    if not (state is State.BAD and word in SOURCE_FAULTS):
        seen = manifest is not None or dataset.status.snapshot is not None
        state, word = (State.GOOD, "Read") if seen else (State.DECLARED, "Declared")
        message = source.uri
    interval = span(time.grid.interval_seconds) if time.grid else "as stamped"
    refresh = dataset.spec.refresh_seconds
    facts = [
        Fact("format", source.format.value),
        Fact("columns", str(len(dataset.spec.columns))),
        Fact("sampling", interval),
        Fact("read again", f"every {span(refresh)}" if refresh else "on change"),
    ]
    title = source.uri.rstrip("/").rpartition("/")[2]
    return Box("Source", title, state, word, tuple(facts), message=message)


def build_ingest(dataset: Dataset, manifest: SnapshotManifest | None, scene: Scene) -> Box:
    """Return the box of the ingestion rules and what they did."""
    state, word, message = summary_of(dataset)
    if state is State.DECLARED and manifest is not None:
        state, word, message = State.GOOD, "Ingested", f"{manifest.rows_in} rows read"
    name = dataset.metadata.name
    snapshot = dataset.status.snapshot
    if manifest is not None:
        facts = _effects(manifest)
    elif snapshot is not None:
        total = snapshot.rows + snapshot.quarantined
        lost = f"{count(snapshot.quarantined)} · {percent(snapshot.quarantined, total)}"
        facts = (Fact("rows kept", count(snapshot.rows)), Fact("quarantined", lost))
    else:
        facts = (Fact("target", dataset.spec.target.name),)
    link = scene.link(_evidence_key(dataset, manifest))
    return Box("Ingest", name, state, word, facts, href=link, message=message)


def _effects(manifest: SnapshotManifest) -> tuple[Fact, ...]:
    rejected = percent(manifest.rows_quarantined, manifest.rows_in)
    facts = [
        Fact("rows in", count(manifest.rows_in)),
        Fact("quarantined", f"{count(manifest.rows_quarantined)} · {rejected}"),
    ]
    busy = sorted(
        (rule for rule in manifest.counts if rule.quarantined), key=lambda rule: -rule.quarantined
    )
    facts += [Fact(f"  {rule.rule}", count(rule.quarantined)) for rule in busy[:SHOWN_RULES]]
    return tuple(facts)


def build_snapshot(dataset: Dataset, manifest: SnapshotManifest | None, scene: Scene) -> Box:
    """Return the box of the newest snapshot."""
    status = dataset.status
    snapshot = status.snapshot
    if snapshot is None and manifest is None:
        return Box("Snapshot", "none yet", State.WAITING, "Waiting", (Fact("rows", "-"),))
    state, word = State.GOOD, "Committed"
    for kind, name in ((ConditionType.FRESH, "Stale"), (ConditionType.TIMESTAMPS_TRUSTED, "Clock")):
        if is_false(status, kind):
            state, word = State.ATTENTION, name
    facts: list[Fact] = []
    if snapshot is not None:
        facts = [
            Fact("rows", count(snapshot.rows)),
            Fact("newest row", f"{snapshot.newest_row_time:%Y-%m-%d}"),
            Fact("committed", ago(snapshot.committed_time, scene.now)),
        ]
    if manifest is not None:
        facts = [Fact(split.name, count(split.rows)) for split in manifest.splits]
        facts.append(Fact("features", str(len(manifest.features))))
    digest = snapshot.digest if snapshot else manifest.digest if manifest else ""
    return Box(
        "Snapshot",
        short_digest(digest),
        state,
        word,
        tuple(facts),
        href=scene.link(_evidence_key(dataset, manifest)),
        message=digest,
    )


def _evidence_key(dataset: Dataset, manifest: SnapshotManifest | None) -> str | None:
    if manifest is not None and manifest.report is not None:
        return manifest.report.key
    return dataset.status.snapshot.manifest.key if dataset.status.snapshot else None


def undeclared(kind: str, name: str) -> Box:
    """Return the box of an object that is referred to and not there."""
    missing = Item(State.ATTENTION, "not found", detail=f"{kind} '{name}' is not here")
    return Box(kind, name, State.ATTENTION, "NotFound", items=(missing,))
