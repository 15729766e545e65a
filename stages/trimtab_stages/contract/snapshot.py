"""Snapshot manifest: one immutable, content-addressed state of a Dataset."""

from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import ColumnName, Digest, StoredModel, StrictModel, UtcTime
from trimtab_stages.contract.features import Feature


class SplitInfo(StrictModel):
    """One temporal split, stored as a Parquet file of features, target and time."""

    name: Annotated[str, Field(pattern="^(train|validation|test)$")]
    """train, validation or test."""
    rows: Annotated[int, Field(ge=0)]
    """Rows."""
    start: UtcTime
    """Event time of the first row."""
    end: UtcTime
    """Event time of the last row."""
    positive_rate: float | None = None
    """Share of the positive class of a binary target."""
    file: ArtifactRef
    """The Parquet file."""


class TargetInfo(StrictModel):
    """What is predicted, with the numbers that the rules left open."""

    name: ColumnName
    """Column of the splits that holds the class index (int64)."""
    classes: Annotated[list[str], Field(min_length=2, max_length=512)]
    """Class names, in index order; binary targets are `["0", "1"]`."""
    threshold: float | None = None
    """The threshold used, in the source column's unit."""
    horizon_steps: int = 0
    """Reach into the future, grid steps."""


class RuleCount(StrictModel):
    """How many rows one rule rejected or changed, and what it cost."""

    rule: str
    """Name of the rule."""
    quarantined: int = 0
    """Rows put into quarantine."""
    filtered: int = 0
    """Rows set aside without being faulty."""
    changed: int = 0
    """Values or rows changed (filled, converted, resampled)."""
    seconds: float = 0.0
    """Time spent."""


class SnapshotManifest(StoredModel):
    """Content, meaning and origin of a snapshot.

    The digest is taken of the logical content (column names, types and values of all splits, in
    time order) and of the feature context, never of file bytes.
    """

    dataset: str
    """Name of the Dataset."""
    digest: Digest
    """Digest of the logical content; the snapshot's identity."""
    rules_digest: Digest
    """Digest of the ingest rules."""
    features: list[Feature]
    """Model inputs, in tensor order: numeric first, then categorical."""
    protected: list[ColumnName] = []
    """Protected attributes kept in the splits for audits."""
    target: TargetInfo
    """What is predicted."""
    time_column: ColumnName
    """Column of the splits with the event time, timestamp[ns, UTC]."""
    interval_seconds: int | None = None
    """Sampling interval of the grid."""
    splits: list[SplitInfo]
    """train, validation, test."""
    rows_in: int
    """Rows read: the source's after the time range, and captured ones."""
    rows_kept: int
    """Rows in the splits."""
    rows_quarantined: int
    """Rows in quarantine. Rows read = kept + quarantined + filtered."""
    rows_filtered: int = 0
    """Rows outside the target's `when`, without full history or horizon, or in the embargo;
    captured rows without a label, twice there, or of a window with faults."""
    captured_rows: int = 0
    """Captured rows among the kept ones."""
    captured_through: UtcTime | None = None
    """Captured rows before this time were considered; none where none were asked for."""
    counts: list[RuleCount] = []
    """Effect and cost of every rule."""
    quarantine: ArtifactRef | None = None
    """Parquet file of the rejected rows with rule and reason."""
    report: ArtifactRef | None = None
    """Data report, one HTML page."""
    report_data: ArtifactRef | None = None
    """The data report's figures as JSON."""
    croissant: ArtifactRef | None = None
    """Croissant 1.1 metadata."""

    def split(self, name: str) -> SplitInfo:
        """Return the split of that name."""
        return next(split for split in self.splits if split.name == name)
