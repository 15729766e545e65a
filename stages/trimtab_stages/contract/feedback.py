"""Feedback: labels that come back for answered rows, joined by inference id."""

from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import ObjectName, StoredModel, StrictModel


class Label(StrictModel):
    """The truth about one answered row."""

    id: Annotated[str, Field(min_length=1, max_length=256)]
    """Inference id of the request."""
    row: Annotated[int, Field(ge=0, le=10_000_000)] = 0
    """Row in the request. Default: 0."""
    label: Annotated[str, Field(min_length=1, max_length=256)]
    """Class name."""
    event_time_ns: Annotated[int, Field(ge=0, le=2**63 - 1)] | None = None
    """When the label became true, nanoseconds since 1970, UTC. Default: arrival."""
    source: Annotated[str, Field(max_length=64)] = "production"
    """Who says so: production, or an annotator's name. Default: production."""


class FeedbackBatch(StoredModel):
    """Labels that one pod took in between two flushes."""

    model: ObjectName
    """Name of the Model."""
    received_ns: int
    """Arrival of the first label, nanoseconds since 1970, UTC."""
    last_received_ns: int | None = None
    """Arrival of the last label, likewise; none where an older server wrote the batch."""
    labels: Annotated[list[Label], Field(min_length=1, max_length=100_000)]
    """The labels, in order of arrival."""

    @property
    def complete_ns(self) -> int:
        """When all labels had arrived."""
        return self.received_ns if self.last_received_ns is None else self.last_received_ns
