"""The target: what is predicted, often from the future of the row."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from trimtab_stages.contract.ingest import Target, TargetKind
from trimtab_stages.ingest.frame import NO_CATEGORY, NO_SOURCE, Frame, Mask, Numbers, Whole
from trimtab_stages.ingest.lags import lag
from trimtab_stages.ingest.units import inside

UNKNOWN = -1
"""Class index of a row whose target cannot be known."""

BINARY_CLASSES = ("0", "1")


@dataclass(frozen=True, slots=True)
class Labels:
    """The target of every row.

    Attributes:
        classes: names in index order.
        index: class of every row, `UNKNOWN` where it cannot be known.
        end_ns: time of the last value that the row's target is made of.
        threshold: the threshold used.
    """

    classes: tuple[str, ...]
    index: Whole
    end_ns: Whole
    threshold: float | None = None

    def take(self, index: Whole) -> "Labels":
        """Return the targets at `index`, in its order."""
        return Labels(self.classes, self.index[index], self.end_ns[index], self.threshold)


def build_labels(measured: Frame, target: Target, train_end_ns: int) -> Labels:
    """Return the target of every row.

    Only measured values count: a value that a missing-value rule would fill in is unknown, and
    so is every target that would need it. No target reaches across a segment's border.

    Args:
        measured: rows by series and time, before missing values were filled.
        target: the rule.
        train_end_ns: rows before this time give the threshold of `trainQuantile`.
    """
    end_ns = _end_ns(measured, target.horizon_steps)
    if target.kind is TargetKind.VALUE:
        classes, index = _classes(measured, target.column)
        future = ahead(np.where(index == UNKNOWN, np.nan, index), target.horizon_steps, measured)
        return Labels(classes, _whole(future), end_ns)
    values = measured.numbers[target.column]
    threshold = _threshold(measured, target, train_end_ns)
    match target.kind:
        case TargetKind.ABOVE:
            seen = ahead(values, target.horizon_steps, measured)
            positive = seen > threshold
        case TargetKind.MIN_WITHIN_BELOW:
            seen = -max_ahead(-values, target.horizon_steps, measured)
            positive = seen < threshold
        case TargetKind.MAX_WITHIN_ABOVE:
            seen = max_ahead(values, target.horizon_steps, measured)
            positive = seen > threshold
    index = np.where(np.isnan(seen), UNKNOWN, positive.astype(np.int64))
    return Labels(BINARY_CLASSES, index, end_ns, threshold)


def takes_part(measured: Frame, target: Target) -> Mask:
    """Return which rows `when` admits: the column's measured value lies in the range now."""
    if target.when is None:
        return np.ones(len(measured), np.bool_)
    return inside(measured.numbers[target.column], target.when)


def ahead(values: Numbers, steps: int, frame: Frame) -> Numbers:
    """Return the value `steps` rows later in the same segment, NaN where there is none."""
    return lag(values[::-1], steps, frame.segment[::-1])[::-1]


def max_ahead(values: Numbers, steps: int, frame: Frame) -> Numbers:
    """Return the maximum over the next 1..`steps` rows; NaN where one of them is missing.

    Windows are doubled, so the cost grows with the logarithm of `steps`.
    """
    widest, width = ahead(values, 1, frame), 1
    while width < steps:
        shift = min(width, steps - width)
        widest = np.maximum(widest, ahead(widest, shift, frame))
        width += shift
    return widest


def _threshold(measured: Frame, target: Target, train_end_ns: int) -> float:
    if target.threshold is not None:
        return float(target.threshold)
    values = measured.numbers[target.column]
    training = (measured.time_ns < train_end_ns) & (measured.source != NO_SOURCE)
    known = values[training & ~np.isnan(values)]
    return float(np.quantile(known, float(target.train_quantile or 0))) if len(known) else np.nan


def _classes(measured: Frame, column: str) -> tuple[tuple[str, ...], Whole]:
    if column in measured.numbers:
        return BINARY_CLASSES, _whole(measured.numbers[column])
    held = measured.categories[column]
    present = np.unique(held.codes[held.codes != NO_CATEGORY])
    position = np.full(len(held.names) + 1, UNKNOWN, np.int64)
    position[present] = np.arange(len(present))
    return tuple(held.names[code] for code in present.tolist()), position[held.codes]


def _whole(values: np.ndarray[Any, np.dtype[np.float64]]) -> Whole:
    return np.where(np.isnan(values), UNKNOWN, values).astype(np.int64)


def _end_ns(measured: Frame, steps: int) -> Whole:
    """Return the time `steps` rows later; the greatest int64 behind the segment's end."""
    position = ahead(np.arange(len(measured), dtype=np.float64), steps, measured)
    known = ~np.isnan(position)
    later = measured.time_ns[np.where(known, position, 0).astype(np.int64)]
    return np.where(known, later, np.iinfo(np.int64).max)
