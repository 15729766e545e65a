"""Shares of rows in spans of event time: a day that is wrong is little of a month."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.drift.merge import Counts, Floats

SPANS = 16
LEAST_ROWS = 30

Chosen = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class SpanShare:
    """The span in which the greatest share of rows was chosen.

    Attributes:
        share: share of its rows, 0..1, less what is to be expected; 0 without a span of 30 rows.
        first_ns: smallest event time of its chosen rows, nanoseconds since 1970, UTC; of all
            chosen rows without such a span.
        last_ns: largest event time of them.
    """

    share: float = 0.0
    first_ns: int = 0
    last_ns: int = 0


NOWHERE = SpanShare()
"""No row was chosen."""


def greatest_share(event_ns: Counts, chosen: Chosen, expected: Floats | float = 0.0) -> SpanShare:
    """Return where the share of chosen rows is greatest, of 16 spans of equal length.

    Args:
        event_ns: event times, nanoseconds since 1970, int64 [n].
        chosen: whether a row counts, [n].
        expected: probability of each row that it is chosen by chance, [n].
    """
    if not chosen.any():
        return NOWHERE
    numbers = (event_ns - event_ns.min()) * SPANS // (np.ptp(event_ns) + 1)
    excess = np.bincount(numbers, chosen - expected, SPANS)
    rows = np.bincount(numbers, minlength=SPANS)
    shares = np.where(rows >= LEAST_ROWS, excess / np.maximum(rows, 1), 0.0)
    most = int(np.argmax(shares))
    inside = event_ns[chosen & ((numbers == most) | (shares[most] <= 0))]
    return SpanShare(max(float(shares[most]), 0.0), int(inside.min()), int(inside.max()))
