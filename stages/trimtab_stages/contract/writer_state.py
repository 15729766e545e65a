"""Whether a server process may hold something that is not written: what a killed pod cannot say."""

from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import ObjectName, StoredModel


class WriterState(StoredModel):
    """What one process says of itself, in order with its panes, decision records and labels.

    With the first row or label it has something unwritten, once a flush finds nothing, or at an
    orderly end, it has not. Between two flushes it may lose no more than one. A process of which
    there is no state at all is one that does not know of them.
    """

    model: ObjectName
    """Name of the Model."""
    at_ns: int
    """When it says so, nanoseconds since 1970, UTC."""
    flush_seconds: Annotated[int, Field(ge=1)]
    """Longest time between two of its flushes; said again when it changes, and every day."""
    unwritten: bool
    """Whether rows or labels may be in its memory alone."""
