"""UnitStep: a feature's unit changes within a window.

In the whole window old and new values are mixed, and neither looks like a conversion of the
reference. So parts of the window are compared with their neighbours. A run of parts, of at least
30 rows, has changed its unit when

- the mean of each of them lies beyond all values of the reference;
- a known conversion from the feature's declared unit takes each mean back to within 2 reference
  deviations of the reference's;
- a part beside the run is no such part, and the run's mean lies at least 2.5 reference deviations
  away from it, but within 2 of it when it is taken back.

A season that goes beyond the reference comes step by step, and is drift. Where the unit is not
declared, nothing is said: so many conversions are known that one may fit by chance.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.parts import WindowParts, runs_of
from trimtab_stages.drift.unit_change import (
    CONVERSIONS,
    LEAST_ROWS,
    LEAST_SHIFT,
    UNIT_KNOWN,
    Conversion,
)


@dataclass(frozen=True, slots=True)
class UnitStep:
    """Parts of a window in which a feature has another unit.

    Attributes:
        feature: its position in the table.
        conversion: what explains it.
        mean: mean of the parts.
        beside: mean of the part before or behind them.
        first_ns: smallest event time, nanoseconds since 1970, UTC.
        last_ns: largest event time.
    """

    feature: int
    conversion: Conversion
    mean: float
    beside: float
    first_ns: int
    last_ns: int


def unit_steps(
    table: NumericTable, parts: WindowParts, units: Sequence[str | None]
) -> Iterator[UnitStep]:
    """Yield the first changed run of each feature.

    Args:
        table: the window's numeric features.
        parts: the same by parts.
        units: declared unit of each, [F].
    """
    means = table.mean + parts.shift
    beyond = ((means < table.least) | (means > table.most)) & (parts.rows > 0) & (table.std > 0)
    for feature in np.flatnonzero(beyond.any(axis=0)).tolist():
        steps = (
            step
            for conversion in CONVERSIONS
            if conversion.source == units[feature]
            for step in _steps(table, parts, feature, conversion)
        )
        step = next(steps, None)
        if step is not None:
            yield step


def _steps(
    table: NumericTable, parts: WindowParts, feature: int, conversion: Conversion
) -> Iterator[UnitStep]:
    mean, std = float(table.mean[feature]), float(table.std[feature])
    rows, means = parts.rows[:, feature], mean + parts.shift[:, feature]
    back = (means - conversion.offset) / conversion.factor
    beyond = (means < table.least[feature]) | (means > table.most[feature])
    changed = beyond & (np.abs(back - mean) <= UNIT_KNOWN.shift * std) & (rows > 0)
    for first, end in runs_of(changed):
        run = slice(first, end)
        if rows[run].sum() < LEAST_ROWS:
            continue
        found = float(np.average(means[run], weights=rows[run]))
        origin = (found - conversion.offset) / conversion.factor
        sides = [side for side in (first - 1, end) if 0 <= side < len(parts) and rows[side]]
        for beside in means[sides].tolist():
            apart, rest = abs(found - beside) / std, abs(origin - beside) / std
            if apart >= LEAST_SHIFT and rest <= UNIT_KNOWN.shift:
                times = int(parts.first_ns[first]), int(parts.last_ns[end - 1])
                yield UnitStep(feature, conversion, found, beside, *times)
