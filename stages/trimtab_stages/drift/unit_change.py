"""UnitChange: a feature's values moved as a change of unit moves them.

A window is a change of unit when it is no ordinary window of the reference, and would be one after
a known conversion:

- at least 90 % of its values lie in the two outermost cells, where the reference has at most 30 %;
- its mean is at least 2.5 reference deviations away, or its deviation is 3 times larger or smaller;
- taken back by the conversion, it is an ordinary window: its mean lies within 2 reference
  deviations of the reference's, and its deviation is 0.2 to 2 times the reference's.

Where the feature's unit is known, only conversions from it count. Where it is not, there are so
many that one may fit by chance; then the mean must lie within 0.75 deviations, and the deviation be
0.5 to 1.5 times the reference's. A factor near 1 that leaves the window inside the reference is not
told from drift, and is reported as drift.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.units import UNITS
from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.merge import Counts, Floats

LEAST_ROWS = 30
LEAST_OUTSIDE = 0.9
MOST_OVERLAP = 0.3
LEAST_SHIFT = 2.5
LEAST_RATIO = 3.0


@dataclass(frozen=True, slots=True)
class Ordinary:
    """What a window of the reference may look like.

    Attributes:
        shift: largest distance of its mean, reference deviations.
        narrowest: smallest deviation, reference deviations.
        widest: largest deviation, reference deviations.
    """

    shift: float
    narrowest: float
    widest: float


UNIT_KNOWN = Ordinary(shift=2.0, narrowest=0.2, widest=2.0)
UNIT_UNKNOWN = Ordinary(shift=0.75, narrowest=0.5, widest=1.5)


@dataclass(frozen=True, slots=True)
class Conversion:
    """A value in `source` is `factor * value + offset` in `target`."""

    source: str
    target: str
    factor: float
    offset: float


@dataclass(frozen=True, slots=True)
class UnitChange:
    """A feature whose window is explained by a conversion.

    Attributes:
        feature: its position in the table.
        conversion: the one that explains it best.
        mean: mean of the window.
        deviation: standard deviation of the window.
    """

    feature: int
    conversion: Conversion
    mean: float
    deviation: float


def _conversions() -> Iterator[Conversion]:
    for source, start in UNITS.items():
        for target, end in UNITS.items():
            if start.dimension == end.dimension and start != end:
                offset = (start.offset - end.offset) / end.factor
                yield Conversion(source, target, start.factor / end.factor, offset)


CONVERSIONS = tuple(_conversions())
"""All conversions between two different units of one dimension."""


def unit_changes(table: NumericTable, units: list[str | None]) -> list[UnitChange]:
    """Return the features whose unit has changed.

    Args:
        table: the window's numeric features.
        units: declared unit of each, [F].
    """
    found = []
    for feature in np.flatnonzero(_is_extraordinary(table)).tolist():
        conversion = _explanation(table, feature, units[feature])
        if conversion is not None:
            mean = float(table.mean[feature] + table.shift[feature])
            found.append(UnitChange(feature, conversion, mean, float(table.deviation[feature])))
    return found


def _is_extraordinary(table: NumericTable) -> npt.NDArray[np.bool_]:
    reference, observed = _outside(table, table.reference), _outside(table, table.observed)
    std = np.where(table.std > 0, table.std, 1.0)
    ratio = np.maximum(table.deviation, np.finfo(np.float64).tiny) / std
    moved = (np.abs(table.shift) >= LEAST_SHIFT * std) | (
        np.abs(np.log(ratio)) >= np.log(LEAST_RATIO)
    )
    enough = (table.rows >= LEAST_ROWS) & (table.std > 0) & (table.deviation > 0)
    outside = (observed >= LEAST_OUTSIDE) & (reference <= MOST_OVERLAP)
    return np.asarray(enough & moved & outside, dtype=np.bool_)


def _outside(table: NumericTable, counts: Counts) -> Floats:
    """Return the share of rows in those outermost cells that hold most of the window, [F]."""
    features, last = np.arange(len(counts)), table.cells - 1
    outer = counts[:, 0] + np.where(last > 0, counts[features, last], 0)
    return np.asarray(outer / np.maximum(counts.sum(axis=1), 1), dtype=np.float64)


def _explanation(table: NumericTable, feature: int, unit: str | None) -> Conversion | None:
    """Return the conversion after which the window is an ordinary one, if there is one."""
    known = [one for one in CONVERSIONS if unit not in UNITS or one.source == unit]
    ordinary = UNIT_KNOWN if unit in UNITS else UNIT_UNKNOWN
    factor = np.array([one.factor for one in known])
    offset = np.array([one.offset for one in known])
    mean, std = table.mean[feature], table.std[feature]
    window = mean + table.shift[feature]
    rest = np.abs((window - offset) / factor - mean) / std
    ratio = table.deviation[feature] / (factor * std)
    fits = (rest <= ordinary.shift) & (ratio >= ordinary.narrowest) & (ratio <= ordinary.widest)
    if not fits.any():
        return None
    misfit = np.where(fits, rest + np.abs(np.log(ratio)), np.inf)
    return known[int(np.argmin(misfit))]
