"""Event time of a request: when the rows happened, as opposed to when they arrived."""

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.serve.errors import InvalidRequestError

EVENT_TIME = "event_time"
"""Name of the request parameter, and of the per-row INT64 input, in nanoseconds since 1970 UTC."""

_LATEST = 2**63 - 1


def event_time_from_parameter(value: object, rows: int) -> NDArray[np.int64]:
    """Return int64 nanoseconds since the epoch: shape [] for one instant, [rows] for a list.

    Raises:
        InvalidRequestError: not integers of int64, negative, or a list of another length.
    """
    instants = value if type(value) is list else [value]
    if any(type(instant) is not int or not 0 <= instant <= _LATEST for instant in instants):
        raise InvalidRequestError(
            f"parameter `{EVENT_TIME}` must be nanoseconds since 1970 in UTC, or a list of them"
        )
    if type(value) is list:
        if len(value) != rows:
            raise InvalidRequestError(
                f"parameter `{EVENT_TIME}` has {len(value)} entries, the request has {rows} rows"
            )
        return np.array(value, dtype=np.int64)
    return np.array(instants[0], dtype=np.int64)
