"""Merges panes: what all replicas saw of a window, as if one had seen it.

Counts are added exactly. Float sums go through `math.fsum`, whose result is the correctly rounded
sum whatever the order (Shewchuk 1997). Panes tell what their floats lack of the exact sums of their
rows, so the result depends on the rows alone, and not on how many replicas have shared them.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.pane import SCORE_CELLS, NumericCells, Pane

Counts = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class NumericSums:
    """Sums of one numeric feature.

    Attributes:
        counts: rows per reference cell, int64 [k + 1].
        missing: rows without a finite value.
        total: sum of (value - reference mean), in the feature's unit.
        squares: sum of (value - reference mean) squared.
        total_low: what the float `total` lacks of the exact sum.
        squares_low: what the float `squares` lacks of the exact sum.
        min: smallest value; NaN without any.
        max: largest value; NaN without any.
    """

    counts: Counts
    missing: int
    total: float
    squares: float
    min: float
    max: float
    total_low: float = 0.0
    squares_low: float = 0.0


@dataclass(frozen=True, slots=True)
class MergedPanes:
    """Sums over the rows of all panes of a window.

    Attributes:
        rows: rows answered.
        lost_rows: further rows that killed processes took with them.
        numeric: sums by numeric feature.
        categorical: rows by categorical feature and category.
        score_counts: rows per score cell, int64 [50].
        score_sums: sum of scores per score cell, float64 [50].
        decisions: rows by decided class index.
        first_event_ns: smallest event time, nanoseconds since 1970, UTC; 0 without rows.
        last_event_ns: largest event time; 0 without rows.
    """

    rows: int
    lost_rows: int
    numeric: Mapping[str, NumericSums]
    categorical: Mapping[str, Mapping[str, int]]
    score_counts: Counts
    score_sums: Floats
    decisions: Mapping[int, int]
    first_event_ns: int
    last_event_ns: int


def merge(panes: Iterable[Pane]) -> MergedPanes:
    """Return the sums of panes of one version.

    Raises:
        ValueError: two panes count a feature, or the score, in different cells; they belong to
            different references.
    """
    found = list(panes)
    return MergedPanes(
        rows=sum(pane.rows for pane in found),
        lost_rows=sum(pane.lost_rows for pane in found),
        numeric=_merge_numeric(found),
        categorical=_merge_categorical(found),
        score_counts=_sum_counts("score", [pane.score_counts for pane in found], SCORE_CELLS),
        score_sums=_sum_floats([pane.score_sums for pane in found]),
        decisions=_merge_decisions(found),
        first_event_ns=min((pane.first_event_ns for pane in found), default=0),
        last_event_ns=max((pane.last_event_ns for pane in found), default=0),
    )


def _merge_numeric(panes: list[Pane]) -> dict[str, NumericSums]:
    parts: defaultdict[str, list[NumericCells]] = defaultdict(list)
    for pane in panes:
        for name, cells in pane.numeric.items():
            parts[name].append(cells)
    return {name: _add_cells(name, parts[name]) for name in sorted(parts)}


def _add_cells(name: str, parts: list[NumericCells]) -> NumericSums:
    total, total_low = _exact(x for part in parts for x in (part.total, part.total_low))
    squares, squares_low = _exact(x for part in parts for x in (part.squares, part.squares_low))
    return NumericSums(
        counts=_sum_counts(name, [part.counts for part in parts], len(parts[0].counts)),
        missing=sum(part.missing for part in parts),
        total=total,
        squares=squares,
        min=min((part.min for part in parts if part.min is not None), default=math.nan),
        max=max((part.max for part in parts if part.max is not None), default=math.nan),
        total_low=total_low,
        squares_low=squares_low,
    )


def _exact(values: Iterable[float]) -> tuple[float, float]:
    """Return a sum as a float, and what that lacks."""
    found = list(values)
    total = math.fsum(found)
    return total, math.fsum([*found, -total])


def _merge_categorical(panes: list[Pane]) -> dict[str, dict[str, int]]:
    sums: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for pane in panes:
        for name, counts in pane.categorical.items():
            sums[name].update(counts)
    return {name: dict(sorted(sums[name].items())) for name in sorted(sums)}


def _merge_decisions(panes: list[Pane]) -> dict[int, int]:
    sums: Counter[int] = Counter()
    for pane in panes:
        sums.update({int(index): count for index, count in pane.decisions.items()})
    return dict(sorted(sums.items()))


def _sum_counts(name: str, parts: list[list[int]], cells: int) -> Counts:
    """Add counts cell by cell; a pane without scores has an empty list."""
    filled = [part for part in parts if part]
    if any(len(part) != cells for part in filled):
        sizes = sorted({len(part) for part in filled} | {cells})
        raise ValueError(f"panes count `{name}` in {sizes} cells: they have different references")
    if not filled:
        return np.zeros(cells, dtype=np.int64)
    return np.asarray(np.array(filled, dtype=np.int64).sum(axis=0), dtype=np.int64)


def _sum_floats(parts: list[list[float]]) -> Floats:
    filled = [part for part in parts if part]
    if not filled:
        return np.zeros(SCORE_CELLS)
    return np.array([math.fsum(cell) for cell in zip(*filled, strict=True)])
