"""Typed rows in memory, and what a rule does to them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Whole = NDArray[np.int64]
Codes = NDArray[np.int32]
Mask = NDArray[np.bool_]

NO_SOURCE = -1
"""Source row of a grid point that no row fell on."""

CAPTURED = -2
"""Source row of a captured row, which comes from no file."""

NO_CATEGORY = -1
"""Code of a missing category."""


@dataclass(frozen=True, slots=True)
class Categories:
    """A column of strings as codes into its sorted names; `NO_CATEGORY` is a missing value."""

    codes: Codes
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """Rows as columns of equal length.

    Attributes:
        time_ns: event time, nanoseconds since 1970 UTC.
        source: position of the row in the raw rows, `NO_SOURCE` for an empty grid point.
        series: which time series the row belongs to (one per entity).
        segment: lags, slopes and targets never reach from one segment into another.
        numbers: Number, Boolean and Timestamp columns; NaN is a missing value.
        categories: Category columns.
    """

    time_ns: Whole
    source: Whole
    series: Whole
    segment: Whole
    numbers: Mapping[str, Numbers]
    categories: Mapping[str, Categories]

    def __len__(self) -> int:
        return len(self.time_ns)

    def take(self, index: Whole | Mask) -> Self:
        """Return the rows that `index` (positions or a mask) selects, in its order."""
        return replace(
            self,
            time_ns=self.time_ns[index],
            source=self.source[index],
            series=self.series[index],
            segment=self.segment[index],
            numbers={name: values[index] for name, values in self.numbers.items()},
            categories={
                name: Categories(column.codes[index], column.names)
                for name, column in self.categories.items()
            },
        )

    def missing(self, column: str) -> Mask:
        """Return where a column has no value."""
        if column in self.numbers:
            return np.isnan(self.numbers[column])
        return np.equal(self.categories[column].codes, NO_CATEGORY)

    def present_names(self, column: str) -> list[str]:
        """Return the names that occur in a category column, sorted."""
        held = self.categories[column]
        return [held.names[code] for code in np.unique(held.codes[held.codes >= 0]).tolist()]

    def with_numbers(self, column: str, values: Numbers) -> Self:
        """Return the frame with other values in a numeric column."""
        return replace(self, numbers={**self.numbers, column: values})

    def with_codes(self, column: str, codes: Codes) -> Self:
        """Return the frame with other codes in a category column."""
        changed = Categories(codes, self.categories[column].names)
        return replace(self, categories={**self.categories, column: changed})


@dataclass(frozen=True, slots=True)
class Rejected:
    """Rows that a rule refused.

    Attributes:
        rule: name of the rule.
        source: positions in the raw rows.
        reasons: one sentence for each of them.
    """

    rule: str
    source: Whole
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What one rule did.

    Attributes:
        rule: name of the rule.
        frame: the rows that are left.
        rejected: rows put into quarantine.
        filtered: rows set aside without being faulty.
        changed: values or rows that were changed or made.
    """

    rule: str
    frame: Frame
    rejected: tuple[Rejected, ...] = ()
    filtered: int = 0
    changed: int = 0
