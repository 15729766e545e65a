"""Where values are counted: the cells of a version's reference profile.

A cell holds `edges[i - 1] <= value < edges[i]` (`numpy.searchsorted`, side "right"). Edges are
compared in float32, the datatype that requests carry, so that a value that equals an edge in the
reference does so here too.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from trimtab_stages.contract.pane import SCORE_CELLS
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.serve.observe.columns import Columns, Matrix


@dataclass(frozen=True, slots=True)
class NumericCells:
    """Cells of the numeric columns that the reference knows.

    Attributes:
        names: names of the features, [R].
        columns: their columns in the numeric matrix, [R].
        edges: ascending float32 edges of each, [R][k].
        offsets: first position of each in the flat counts, [R].
        size: length of the flat counts.
        means: reference means, float64 [R].
    """

    names: tuple[str, ...]
    columns: NDArray[np.int64]
    edges: tuple[NDArray[np.float32], ...]
    offsets: tuple[int, ...]
    size: int
    means: NDArray[np.float64]

    def locate(self, values: Matrix) -> NDArray[np.int64]:
        """Return flat positions [R, n] of float32 [n, R]; meaningless where a value is missing."""
        positions = np.empty(values.shape[::-1], dtype=np.int64)
        for index, (edges, offset) in enumerate(zip(self.edges, self.offsets, strict=True)):
            np.add(edges.searchsorted(values[:, index], "right"), offset, out=positions[index])
        return positions


@dataclass(frozen=True, slots=True)
class CategoricalCells:
    """Categories of one column that the reference knows.

    Attributes:
        name: name of the feature.
        column: its column in the categorical matrix.
        known: its categories.
    """

    name: str
    column: int
    known: frozenset[str]


@dataclass(frozen=True, slots=True)
class Cells:
    """All cells of a version.

    Attributes:
        numeric: numeric cells.
        categorical: categorical cells, one entry a column.
    """

    numeric: NumericCells
    categorical: tuple[CategoricalCells, ...]


def cells_of(columns: Columns, reference: ReferenceProfile | None) -> Cells:
    """Return the cells of the columns that the reference names; none without a reference."""
    position = {name: index for index, name in enumerate(columns.numeric_names)}
    found = [cells for cells in (reference.numeric if reference else []) if cells.name in position]
    edges = tuple(np.asarray(cells.edges, dtype=np.float32) for cells in found)
    ends = np.cumsum([0, *(len(one) + 1 for one in edges)]).tolist()
    numeric = NumericCells(
        names=tuple(cells.name for cells in found),
        columns=np.array([position[cells.name] for cells in found], dtype=np.int64),
        edges=edges,
        offsets=tuple(ends[:-1]),
        size=ends[-1],
        means=np.array([cells.mean for cells in found], dtype=np.float64),
    )
    return Cells(numeric, _categorical_cells(columns, reference))


def score_cells(scores: Matrix) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return score-cell numbers and the scores counted, for the rows that have a finite one.

    The score of a row is its only one, or the largest of K. Scores outside 0..1 are counted in the
    first and last cell.

    Args:
        scores: float32 [n, K], K > 0.
    """
    score = scores.max(axis=1)
    score = score[np.isfinite(score)]
    # Clipped before it becomes a whole number: what int64 cannot hold would land in any cell.
    cells = np.minimum((np.clip(score, 0, 1) * SCORE_CELLS).astype(np.int64), SCORE_CELLS - 1)
    return cells, score.astype(np.float64)


def _categorical_cells(
    columns: Columns, reference: ReferenceProfile | None
) -> tuple[CategoricalCells, ...]:
    position = {name: index for index, name in enumerate(columns.categorical_names)}
    return tuple(
        CategoricalCells(cells.name, position[cells.name], frozenset(cells.counts))
        for cells in (reference.categorical if reference else [])
        if cells.name in position
    )
