"""Captured rows as training data: which served and labelled rows join those of a file."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_stages.contract.base import ObjectName, StrictModel, UtcTime

WindowSeconds = Annotated[int, Field(ge=60, le=315_360_000)]


class CapturePolicy(StrEnum):
    """Which rows a snapshot keeps."""

    SLIDING_WINDOW = "SlidingWindow"
    """Rows of the last `windowSeconds`, the file's and captured ones alike."""
    SINCE_LAST_SNAPSHOT = "SinceLastSnapshot"
    """All rows of the file, and every captured row that is newer than the file's newest one: what
    earlier snapshots held and what has come since."""


class CaptureSource(StrictModel):
    """Served traffic as a second source, read when a DriftMonitor has decided to retrain."""

    model: ObjectName
    """Model of this namespace whose answered and labelled rows are added. Only the share that its
    `spec.capture.fraction` keeps is there to be added."""
    policy: CapturePolicy
    """SlidingWindow or SinceLastSnapshot."""
    window_seconds: WindowSeconds | None = None
    """For SlidingWindow: how long before the end of the decided window a row may lie, seconds.
    Default: none."""

    @model_validator(mode="after")
    def _window_fits_the_policy(self) -> Self:
        _refuse_misfit(self.policy, self.window_seconds)
        return self


class TimeRange(StrictModel):
    """A span of event time."""

    start: UtcTime
    """Begin."""
    end: UtcTime
    """End, exclusive."""


class CapturePlan(StrictModel):
    """Which captured rows one ingest adds."""

    model: ObjectName
    """Model whose rows they are."""
    policy: CapturePolicy
    """SlidingWindow or SinceLastSnapshot."""
    window_seconds: WindowSeconds | None = None
    """Length of the sliding window, seconds."""
    through: UtcTime
    """End of the newest window that a decision was made of; later rows are not read."""
    excluded: Annotated[list[TimeRange], Field(max_length=256)] = []
    """Windows whose data had faults; their rows are left out."""

    @model_validator(mode="after")
    def _window_fits_the_policy(self) -> Self:
        _refuse_misfit(self.policy, self.window_seconds)
        return self


def _refuse_misfit(policy: CapturePolicy, window_seconds: int | None) -> None:
    if (policy is CapturePolicy.SLIDING_WINDOW) != (window_seconds is not None):
        raise ValueError("`windowSeconds` must be set for policy SlidingWindow, and for it alone")
