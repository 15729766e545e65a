"""The serving plan: which versions a server holds and how it uses them. Mounted as a file."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_stages.contract.artifact import ArtifactRef, StoreKey
from trimtab_stages.contract.base import Digest, ObjectName, StoredModel, StrictModel, digest_of
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.reasons import ServingReason


class PlanVersion(StrictModel):
    """One version of the model."""

    digest: Digest
    """Digest of its ONNX file; the version's identity."""
    key: StoreKey
    """Where the file lies."""
    weight: Annotated[int, Field(ge=0, le=100)] = 100
    """Share of requests that it answers, percent. Weights of a plan sum to 100."""
    shadow: bool = False
    """Scores requests after the reply that another version gave; needs weight 0."""
    threshold: float | None = None
    """Decision threshold on the score."""
    classes: list[str] = []
    """Class names in index order."""
    features: list[Feature] = []
    """Inputs in tensor order; empty for a user's own ONNX file."""
    golden: ArtifactRef | None = None
    """Golden request with the expected scores."""
    reference: ArtifactRef | None = None
    """Reference profile: cell edges of the training snapshot."""
    only_on: Annotated[str, Field(max_length=253)] | None = None
    """The one pod that loads it, the others act as if it were not there. Default: all pods."""

    @property
    def stands_by(self) -> bool:
        """Whether it is loaded to answer again, and answers nothing: a former champion."""
        return not self.weight and not self.shadow


class ServingPlan(StoredModel):
    """What all pods of one Model follow."""

    model: ObjectName
    """Name of the Model, and of the model in OIP paths."""
    versions: Annotated[list[PlanVersion], Field(min_length=1, max_length=4)]
    """Champion first."""
    capture_fraction: Annotated[float, Field(ge=0, le=1)] = 0.1
    """Share of rows kept whole, chosen by a hash of the inference id."""
    pane_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """Length of an event-time bucket, seconds."""
    flush_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    """Longest time that panes, rows and records wait in memory, seconds."""

    @model_validator(mode="after")
    def _weights_sum_to_100(self) -> Self:
        total = sum(version.weight for version in self.versions)
        if total != 100:  # noqa: PLR2004 - percent
            raise ValueError(f"weights must sum to 100, they sum to {total}")
        if any(version.shadow and version.weight for version in self.versions):
            raise ValueError("a shadow version must have weight 0")
        return self

    @property
    def revision(self) -> str:
        """Digest of the plan's content, reported by every server that follows it."""
        return digest_of(self)


class RunTimes(StrictModel):
    """Runs of a version's graph that took about the same number of rows."""

    size: int
    """Fewest rows of such a run, a power of two; there are fewer than twice as many in each."""
    runs: int
    """Runs."""
    rows: int
    """Rows in them."""
    seconds: float
    """Processor time of them all, seconds."""


class VersionCounts(StrictModel):
    """What a version did in one server process; since its start, times since the newest plan.

    A version that stands by keeps its times, so that its successor can be compared with it.
    """

    requests: int = 0
    """Requests that it answered; not those that named it, here and for what it failed."""
    failed_requests: int = 0
    """Requests that it failed: its graph, its memory or its time, the client's own time limit
    included, and those that a former champion answered for it; not those that are wrong."""
    rows: int = 0
    """Rows that it answered."""
    shadow_requests: int = 0
    """Requests that it scored after another version's reply."""
    shadow_failed_requests: int = 0
    """Requests that it could not score although another version answered them."""
    shadow_rows: int = 0
    """Rows that it scored after another version's reply."""
    shadow_dropped_rows: int = 0
    """Rows that it did not score, because of load or of a failed run."""
    times: list[RunTimes] = []
    """Time of its runs, by their size."""


class VersionState(StrictModel):
    """What a server says of one version on its admin port."""

    digest: Digest
    """Digest of the version."""
    reason: ServingReason
    """Loaded, Loading, or why it is refused."""
    message: Annotated[str, Field(max_length=2048)] = ""
    """Cause, object and next step."""
    counts: VersionCounts | None = None
    """What it did; none before it is part of the plan in force."""


class ServerState(StrictModel):
    """Answer of `GET /plan` on the admin port."""

    revision: str
    """Revision that the server follows; empty before the first."""
    ready: bool
    """Whether every version with weight answers."""
    message: Annotated[str, Field(max_length=2048)] = ""
    """Why the newest plan file cannot be followed; empty when it can."""
    versions: list[VersionState] = []
    """State of every version of the newest plan seen."""


class NumericReference(StrictModel):
    """Fixed cells of one numeric feature: interior edges at reference quantiles."""

    name: str
    """Feature."""
    edges: list[float]
    """Ascending interior edges; k edges make k + 1 cells, the last catches the rest."""
    counts: list[int]
    """Reference rows per cell."""
    mean: float
    """Reference mean."""
    std: float
    """Reference standard deviation."""
    min: float | None = None
    """Smallest reference value; nothing where unknown."""
    max: float | None = None
    """Largest reference value; nothing where unknown."""
    missing: int = 0
    """Reference rows without a value."""
    unit: str | None = None
    """Unit of the values, where the Dataset says it."""
    constant_seconds: float | None = None
    """Longest time that it kept one value, seconds of event time; nothing where unknown."""


class CategoricalReference(StrictModel):
    """Reference counts of one categorical feature."""

    name: str
    """Feature."""
    counts: dict[str, int]
    """Rows per category."""


class ReferenceProfile(StoredModel):
    """Cells that panes count in, from the champion's training split."""

    snapshot: Digest
    """Snapshot that the cells come from."""
    rows: int
    """Reference rows."""
    numeric: list[NumericReference] = []
    """Numeric features, tensor order."""
    categorical: list[CategoricalReference] = []
    """Categorical features, tensor order."""
    score_counts: list[int]
    """Rows per score cell: equal cells over 0..1."""


class GoldenRequest(StoredModel):
    """A request whose answer is known; a loaded version must reproduce it."""

    numeric: list[list[float]]
    """Rows of the tensor `features` (float32), [n, F]."""
    categorical: list[list[str]] = []
    """Rows of the tensor `categories`, [n, C]."""
    scores: list[list[float]]
    """Expected scores, [n, K]; K = 1 for binary targets."""
    tolerance: float = 1e-4
    """Largest absolute difference."""
