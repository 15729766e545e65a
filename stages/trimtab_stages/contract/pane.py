"""Panes: mergeable statistics of served rows, one object per pod and flush, written once."""

from collections.abc import Iterable

from pydantic import Field

from trimtab_stages.contract.base import Digest, ObjectName, StoredModel, StrictModel

SCORE_CELLS = 50
"""Equal cells over 0..1 for the score histogram."""

OTHER = "__other__"
"""Stands for every category that the reference does not know."""


class NumericCells(StrictModel):
    """Sums of one numeric feature over the rows of a pane."""

    counts: list[int]
    """Rows per reference cell."""
    missing: int = 0
    """Rows without a finite value."""
    total: float = 0.0
    """Sum of (value - reference mean)."""
    total_low: float = 0.0
    """What that float lacks of the exact sum; 0 where an older server wrote the pane."""
    squares: float = 0.0
    """Sum of (value - reference mean) squared."""
    squares_low: float = 0.0
    """What that float lacks of the exact sum, likewise."""
    min: float | None = None
    """Smallest value."""
    max: float | None = None
    """Largest value."""


class Pane(StoredModel):
    """One delta: counts since the pod's last flush, of one version and event-time bucket."""

    model: ObjectName
    """Name of the Model."""
    version: Digest
    """Version that answered."""
    bucket: int
    """Start of the event-time bucket, seconds since 1970, UTC."""
    bucket_seconds: int
    """Length of the bucket, seconds."""
    writer: str
    """`<pod start>-<seq>`; sequence numbers without holes let a reader count losses."""
    rows: int
    """Rows answered."""
    lost_rows: int = 0
    """Rows that the process before this one, in the same pod, had answered when it was killed and
    not written; in the first pane that its successor writes."""
    shadow: bool = False
    """Whether the rows were scored after the reply."""
    numeric: dict[str, NumericCells] = {}
    """Sums by numeric feature."""
    categorical: dict[str, dict[str, int]] = {}
    """Counts by categorical feature and category; `__other__` holds unseen ones."""
    score_counts: list[int] = Field(default_factory=list)
    """Rows per score cell."""
    score_sums: list[float] = Field(default_factory=list)
    """Sum of scores per score cell, for label-free performance estimation."""
    decisions: dict[str, int] = {}
    """Rows per decided class index."""
    first_event_ns: int
    """Smallest event time, nanoseconds since 1970, UTC."""
    last_event_ns: int
    """Largest event time, nanoseconds since 1970, UTC."""
    first_received_ns: int | None = None
    """Arrival of the first row, nanoseconds since 1970, UTC; a window takes in what had begun to
    arrive when it closed."""
    last_received_ns: int | None = None
    """Arrival of the last row, nanoseconds since 1970, UTC."""


class CompactedPanes(StoredModel):
    """The panes of one window, merged by event-time bucket: a replay needs no others."""

    panes: list[Pane]
    """One for each bucket, in order of time; `writer` is one of those that were merged."""

    @classmethod
    def join(cls, panes: Iterable[Pane]) -> bytes:
        """Return the canonical bytes of many panes, of which it holds no second form in memory."""
        inner = b",".join(pane.to_bytes() for pane in panes)
        return b'{"panes":[%s],"schemaVersion":%d}' % (inner, cls.SCHEMA_VERSION)
