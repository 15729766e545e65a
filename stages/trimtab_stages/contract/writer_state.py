"""Whether a server process may hold something that is not written: what a killed pod cannot say."""

from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import ObjectName, StoredModel

REST_SECONDS = 60
"""A process says that nothing is unwritten once nothing has come for so long, and that its next
flush finds nothing: of rows that come now and then each would else cost two objects."""


class WriterState(StoredModel):
    """What one process says of itself, in order with its panes, decision records and labels.

    With the first row or label it has something unwritten; once it is idle, or at an orderly end,
    it has not. Between two flushes it may lose no more than one. A process of which there is no
    state at all is one that does not know of them.
    """

    model: ObjectName
    """Name of the Model."""
    at_ns: int
    """When it says so, nanoseconds since 1970, UTC."""
    flush_seconds: Annotated[int, Field(ge=1)]
    """Longest time between two of its flushes; said again when it changes, and every day."""
    unwritten: bool
    """Whether rows or labels may be in its memory alone."""
