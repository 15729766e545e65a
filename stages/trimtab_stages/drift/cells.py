"""Cells of all numeric features side by side, so that statistics are array operations.

Rows per cell and rows without a finite value (NaN, infinite) are counted exactly. A cell holds the
values from its lower edge on, up to below its upper one, compared in float32.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.serving_plan import NumericReference
from trimtab_stages.drift.merge import Counts, Floats, MergedPanes, NumericSums


@dataclass(frozen=True, slots=True)
class NumericTable:
    """F numeric features with up to C cells each; cells that a feature lacks count nothing.

    Attributes:
        names: names of the features, [F].
        reference: reference rows per cell, int64 [F, C].
        observed: rows of the window per cell, int64 [F, C].
        edges: interior edges, float64 [F, C - 1]; the last one repeated as padding.
        cells: cells of each feature, int64 [F].
        mean: reference mean, float64 [F].
        std: reference standard deviation, float64 [F].
        shift: mean of the window less the reference's, float64 [F]; 0 without rows.
        spread: mean of (value - reference mean) squared over the window, float64 [F].
        low: smallest value of the window, float64 [F]; NaN without any.
        high: largest value of the window, float64 [F]; NaN without any.
        least: smallest value of the reference, float64 [F]; minus infinity where unknown.
        most: largest value of the reference, float64 [F]; infinity where unknown.
        missing: rows of the window without a finite value, int64 [F].
    """

    names: tuple[str, ...]
    reference: Counts
    observed: Counts
    edges: Floats
    cells: Counts
    mean: Floats
    std: Floats
    shift: Floats
    spread: Floats
    low: Floats
    high: Floats
    least: Floats
    most: Floats
    missing: Counts

    @property
    def rows(self) -> Counts:
        """Rows of the window with a value, int64 [F]."""
        return np.asarray(self.observed.sum(axis=1), dtype=np.int64)

    @property
    def deviation(self) -> Floats:
        """Standard deviation of the window about its own mean, float64 [F]."""
        return np.sqrt(np.maximum(self.spread - self.shift**2, 0.0))


def numeric_table(references: Sequence[NumericReference], panes: MergedPanes) -> NumericTable:
    """Return the cells of the features of a reference, in its order.

    Raises:
        ValueError: the panes count a feature in other cells than the reference.
    """
    sums = [_sums_of(reference, panes) for reference in references]
    width = max((len(reference.counts) for reference in references), default=1)
    rows = np.array([max(int(one.counts.sum()), 1) for one in sums])
    return NumericTable(
        names=tuple(reference.name for reference in references),
        reference=_pad([reference.counts for reference in references], width),
        observed=_pad([one.counts for one in sums], width),
        edges=_pad_edges([reference.edges for reference in references], width - 1),
        cells=np.array([len(reference.counts) for reference in references], dtype=np.int64),
        mean=np.array([reference.mean for reference in references], dtype=np.float64),
        std=np.array([reference.std for reference in references], dtype=np.float64),
        shift=np.array([one.total for one in sums], dtype=np.float64) / rows,
        spread=np.array([one.squares for one in sums], dtype=np.float64) / rows,
        low=np.array([one.min for one in sums], dtype=np.float64),
        high=np.array([one.max for one in sums], dtype=np.float64),
        least=_known([reference.min for reference in references], -np.inf),
        most=_known([reference.max for reference in references], np.inf),
        missing=np.array([one.missing for one in sums], dtype=np.int64),
    )


def _sums_of(reference: NumericReference, panes: MergedPanes) -> NumericSums:
    cells = len(reference.counts)
    sums = panes.numeric.get(reference.name)
    if sums is None:
        return NumericSums(np.zeros(cells, np.int64), 0, 0.0, 0.0, np.nan, np.nan)
    if len(sums.counts) != cells:
        raise ValueError(
            f"panes count `{reference.name}` in {len(sums.counts)} cells, the reference in "
            f"{cells}: they belong to another version"
        )
    return sums


def _known(values: Sequence[float | None], otherwise: float) -> Floats:
    return np.array([otherwise if value is None else value for value in values], dtype=np.float64)


def _pad(rows: Sequence[npt.ArrayLike], width: int) -> Counts:
    padded = np.zeros((len(rows), width), dtype=np.int64)
    for index, row in enumerate(rows):
        values = np.asarray(row)
        padded[index, : len(values)] = values
    return padded


def _pad_edges(rows: Sequence[Sequence[float]], width: int) -> Floats:
    padded = np.zeros((len(rows), width))
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
        padded[index, len(row) :] = row[-1] if row else 0.0
    return padded
