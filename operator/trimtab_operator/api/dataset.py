"""Dataset: a source and explicit ingestion rules; each state becomes an immutable snapshot."""

from typing import Annotated

from pydantic import Field

from trimtab_operator.api.base import Compute, ObjectMeta, Status
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import Digest, ObjectName, StrictModel, UtcTime
from trimtab_stages.contract.capture import TimeRange
from trimtab_stages.contract.ingest import IngestRules, Source


class DatasetSpec(IngestRules):
    """Where raw rows come from and by which rules they become a snapshot."""

    source: Source
    """Where raw rows come from."""
    refresh_seconds: Annotated[int, Field(ge=60, le=31_536_000)] | None = None
    """How often the source is read again, seconds. Default: only when the spec changes, or on the
    annotation `trimtab.dev/refresh-requested`."""
    fresh_for_seconds: Annotated[int, Field(ge=60, le=315_360_000)] | None = None
    """Age of the newest row above which Fresh is False, seconds. Default: no limit."""
    compute: Compute = Field(default_factory=Compute)
    """Pod of the ingest stage."""
    suspend: bool = False
    """Stop ingesting; the newest snapshot stays usable. Default: false."""

    def rules(self) -> IngestRules:
        """Return the ingestion rules alone."""
        names = set(IngestRules.model_fields)
        return IngestRules.model_validate(self.model_dump(include=names))


class SnapshotStatus(StrictModel):
    """A committed snapshot."""

    digest: Digest
    """Digest of its logical content; its identity."""
    ingest_id: Annotated[str, Field(max_length=128)]
    """Ingest that made it."""
    manifest: ArtifactRef
    """Where its manifest lies."""
    rows: int
    """Rows in the splits."""
    quarantined: int
    """Rows in quarantine."""
    newest_row_time: UtcTime
    """Event time of the newest row."""
    committed_time: UtcTime
    """When the operator saw the commit."""
    captured_rows: Annotated[int, Field(ge=0)] = 0
    """Captured rows among them."""
    captured_through: UtcTime | None = None
    """Captured rows before this time were considered; none where none were asked for."""


class CaptureStatus(StrictModel):
    """What is known of the served traffic that the Dataset takes in."""

    model: ObjectName
    """Model whose rows are added."""
    through: UtcTime | None = None
    """End of the newest window that a retrain was decided for; captured rows before it are added.
    None before the first decision: the file alone is ingested."""
    excluded: Annotated[list[TimeRange], Field(max_length=256)] = []
    """Windows that are left out up to then, because their data had faults."""
    fault_windows: Annotated[list[TimeRange], Field(max_length=256)] = []
    """All windows whose data had faults, by the Model's DriftMonitors; their rows are never
    trained on."""


class FailedIngest(StrictModel):
    """An ingest that ended without a snapshot."""

    ingest_id: Annotated[str, Field(max_length=128)]
    """Its identity."""
    reason: Annotated[str, Field(max_length=128)]
    """Why, in one word."""
    message: Annotated[str, Field(max_length=1024)]
    """Why, with the next step."""
    time: UtcTime
    """When the operator saw it."""


class DatasetStatus(Status):
    """What the operator has seen of the Dataset."""

    ingest_id: Annotated[str, Field(max_length=128)] | None = None
    """Ingest at work, or the last one."""
    snapshot: SnapshotStatus | None = None
    """Newest snapshot."""
    failed_ingest: FailedIngest | None = None
    """Last ingest, where it has failed for good; a retrain that waits for its rows has failed."""
    capture: CaptureStatus | None = None
    """Served traffic, where `spec.source.capture` is set."""
    last_refresh_time: UtcTime | None = None
    """When the last ingest was started."""
    last_handled_refresh_request: Annotated[str, Field(max_length=256)] | None = None
    """Value of the annotation `trimtab.dev/refresh-requested` that was last acted on."""


class Dataset(StrictModel):
    """A Dataset object."""

    metadata: ObjectMeta
    """Metadata."""
    spec: DatasetSpec
    """Desired state."""
    status: DatasetStatus = Field(default_factory=DatasetStatus)
    """Observed state."""
