"""Temporal split: train, then validation, then test; nothing of one is known to the one before."""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract.ingest import Split
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.event_time import NANOS
from trimtab_stages.ingest.frame import Mask, Whole

SPLIT_NAMES = ("train", "validation", "test")
MIN_ROWS = 2
"""A split with fewer rows can hold no two classes."""


@dataclass(frozen=True, slots=True)
class Boundaries:
    """First instants of validation and test, nanoseconds since 1970 UTC."""

    validation_ns: int
    test_ns: int

    def split_of(self, time_ns: Whole) -> Whole:
        """Return the index into `SPLIT_NAMES` of every row."""
        return (time_ns >= self.validation_ns).astype(np.int64) + (time_ns >= self.test_ns)

    def end_of(self, split: Whole) -> Whole:
        """Return the instant at which each row's split ends; the greatest int64 for test."""
        ends = np.array([self.validation_ns, self.test_ns, np.iinfo(np.int64).max])
        return ends[split]


def plan_boundaries(time_ns: Whole, rule: Split) -> Boundaries:
    """Place the boundaries so that the later shares of the rows are validation and test.

    Rows of one instant are never torn apart.

    Args:
        time_ns: event times of the rows that may take part, in any order.
        rule: shares.

    Raises:
        StageError: NoRowsLeft.
    """
    count = len(time_ns)
    ordered = np.sort(time_ns)
    test_rows = round(count * float(rule.test))
    later_rows = round(count * float(rule.test + rule.validation))
    if count < MIN_ROWS * len(SPLIT_NAMES) or later_rows >= count or test_rows == 0:
        raise StageError(
            StageReason.NO_ROWS_LEFT,
            f"{count} rows cannot be split into training, validation ({rule.validation:f}) and"
            f" test ({rule.test:f}); bring more rows, or correct `spec.split`.",
        )
    return Boundaries(int(ordered[count - later_rows]), int(ordered[count - test_rows]))


def outside_embargo(
    time_ns: Whole, label_end_ns: Whole, boundaries: Boundaries, rule: Split
) -> Mask:
    """Return which rows end, embargo and label included, before the next split begins."""
    ends = boundaries.end_of(boundaries.split_of(time_ns))
    last: Mask = ends == np.iinfo(np.int64).max
    return last | ((label_end_ns < ends) & (time_ns < ends - rule.embargo_seconds * NANOS))
