"""Rollout of a Model's next version: its rules, and what has become of it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_stages.contract.audit import AuditAction
from trimtab_stages.contract.base import DecimalString, Digest, StrictModel, UtcTime
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.words import Stored

PAIRED_METRICS = frozenset({Metric.BALANCED_ACCURACY, Metric.ACCURACY})
"""Metrics that are means over rows, so that two versions can be compared row by row."""


MOST_ROWS = 200_000
"""Rows of each version that the monitor compares, those that arrived first."""


class OnInconclusive(StrEnum):
    """What follows when the evidence is complete and decides nothing."""

    HOLD = "Hold"
    """The challenger goes on scoring; evidence, a newer run or a person decides."""
    ROLL_BACK = "RollBack"
    """The challenger is removed."""


class Rollout(StrictModel):
    """How a version that passed its gates becomes champion: in the shadow of the present one.

    It scores the champion's requests after the replies, and the labels that come back decide.
    """

    min_rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 200
    """Labelled rows that both versions decided before the challenger can be promoted.
    Default: 200."""
    max_rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 5000
    """Labelled rows after which the evidence is complete: then `onInconclusive`. At most 200000:
    of the captured rows of a rollout, so many that arrived first are compared. Default: 5000."""
    max_seconds: Annotated[int, Field(ge=60, le=31_536_000)] = 2_592_000
    """Time after which a rollout that nothing has decided ends, as one without labels would never:
    the challenger is taken back as Inconclusive, seconds since it began. One that is held has
    complete evidence and goes on. Default: 2592000, 30 days."""
    metric: Metric = Metric.BALANCED_ACCURACY
    """What is compared: BalancedAccuracy (default) or Accuracy. In balanced accuracy, the versions
    may still differ either way for a class of which no labelled row has come."""
    margin: DecimalString = Field(default="0.02", validate_default=True)
    """By how much the challenger may be worse, in the metric's unit, 0..1. It is promoted when the
    whole interval of challenger - champion lies above -margin, rolled back when it lies below.
    Default: 0.02."""
    confidence: DecimalString = Field(default="0.95", validate_default=True)
    """Confidence of that interval, 0.5..0.9999; it holds however often one looks. Default: 0.95."""
    max_error_rate: DecimalString = Field(default="0.01", validate_default=True)
    """Largest share of requests that the challenger, or a new champion, may fail, 0..1; what the
    former champion answers for it counts. Default: 0.01."""
    max_latency_ratio: DecimalString = Field(default="2", validate_default=True)
    """Largest ratio of the challenger's processor time to the champion's, and of a new champion's
    to the former one's, in runs of the same number of rows, 1..1000. Default: 2."""
    on_inconclusive: OnInconclusive = OnInconclusive.HOLD
    """Hold (default) or RollBack when `maxRows` decide nothing."""
    guard_seconds: Annotated[int, Field(ge=0, le=604_800)] = 600
    """Time after a promotion in which the former champion stays loaded, answers what the new one
    fails, and comes back by itself when that fails requests or is slow, seconds. Default: 600."""

    @model_validator(mode="after")
    def _rows_are_in_order(self) -> Self:
        if self.max_rows < self.min_rows:
            raise ValueError("`rollout.maxRows` must not be below `rollout.minRows`")
        if self.metric not in PAIRED_METRICS:
            raise ValueError("`rollout.metric` must be BalancedAccuracy or Accuracy")
        return self


class RolloutStage(StrEnum):
    """Step of a rollout."""

    FIRST_POD = "FirstPod"
    """One pod loads the challenger; a file that kills it harms no other."""
    SHADOW = "Shadow"
    """All pods let the challenger score the champion's requests after the replies."""


class RolloutState(StrEnum):
    """What has become of a rollout."""

    PROGRESSING = "Progressing"
    """Evidence is gathered."""
    HELD = "Held"
    """The evidence is complete and decides nothing; the challenger goes on scoring."""
    PROMOTED = "Promoted"
    """The challenger became champion."""
    ROLLED_BACK = "RolledBack"
    """The version was removed."""


class RolloutEvidence(StrictModel):
    """What the monitor found about champion and challenger on the same rows."""

    digest: Digest
    """Challenger that it is about."""
    rows: Annotated[int, Field(ge=0)] = 0
    """Rows that both versions scored."""
    labelled: Annotated[int, Field(ge=0)] = 0
    """Rows of them whose label has returned."""
    agreement: DecimalString | None = None
    """Share of rows that both decide alike, 0..1."""
    difference: DecimalString | None = None
    """Challenger - champion, in the metric's unit; larger is better."""
    low: DecimalString | None = None
    """Lower end of its interval."""
    high: DecimalString | None = None
    """Upper end of its interval."""
    through: UtcTime | None = None
    """Newest event time that it rests on."""


class RolloutStatus(StrictModel):
    """The current or the last rollout."""

    digest: Digest | None = None
    """Challenger that it is about."""
    stage: Stored[RolloutStage] = RolloutStage.SHADOW
    """FirstPod, then Shadow."""
    state: Stored[RolloutState] = RolloutState.PROGRESSING
    """Progressing, Held, Promoted or RolledBack."""
    plan_revision: Annotated[str, Field(max_length=71)] | None = None
    """Revision of the serving plan of this step; evidence counts when all ready pods follow it."""
    message: Annotated[str, Field(max_length=1024)] = ""
    """Cause and numbers in one sentence."""
    since: UtcTime | None = None
    """When the state began."""
    first_pod: Annotated[str, Field(max_length=253)] | None = None
    """Pod of the stage FirstPod."""
    restarts: Annotated[int, Field(ge=0)] = 0
    """Restarts of the pods when it began, or when the challenger became champion."""
    former: Digest | None = None
    """Champion before the promotion, as long as it stays loaded."""
    evidence: RolloutEvidence | None = None
    """What the monitor found; written by it alone."""


class RejectedVersion(StrictModel):
    """A version that was rolled back; it is never tried again by itself."""

    digest: Digest
    """Digest of its ONNX file."""
    run: Annotated[str, Field(max_length=63)] | None = None
    """PipelineRun that made it."""
    time: UtcTime
    """When it was rolled back."""


class UnwrittenRecord(StrictModel):
    """An audit record of something that was done first, until it is written."""

    action: Stored[AuditAction]
    """What was done."""
    reason: Annotated[str, Field(max_length=1024)]
    """Why, with the numbers."""
    cause: Annotated[str, Field(max_length=128)]
    """Identity of the cause."""
    models: Annotated[list[Digest], Field(max_length=8)] = []
    """Digests of the ONNX files that it is about."""
