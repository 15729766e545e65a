"""Golden request and reference profile: what a server checks at load and counts against."""

import numpy as np
import numpy.typing as npt

from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.serving_plan import (
    CategoricalReference,
    GoldenRequest,
    NumericReference,
    ReferenceProfile,
)
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.information import sample_rows
from trimtab_stages.preprocess.split import (
    Floats,
    Integers,
    SplitRows,
    categorical_features,
    numeric_features,
)

GOLDEN_ROWS = 32
CELLS = 20
SCORE_CELLS = 50


def build_golden(graph: Graph, rows: SplitRows) -> GoldenRequest:
    """Return 32 evenly spread rows with the graph's own answers."""
    chosen = rows.take(sample_rows(len(rows), GOLDEN_ROWS))
    scores = graph.scores(chosen)
    return GoldenRequest(
        numeric=chosen.numeric.tolist(),
        categorical=chosen.categorical.tolist() if chosen.categorical.shape[1] else [],
        scores=scores.reshape(len(chosen), -1).tolist(),
    )


def build_reference(
    manifest: SnapshotManifest, rows: SplitRows, scores: Floats
) -> ReferenceProfile:
    """Return the cells that panes count in, with the reference rows' own counts.

    Args:
        manifest: names of the features.
        rows: the rows that the served weights were fitted on.
        scores: the served graph's scores on them, [n] or [n, K].
    """
    numeric = [
        _numeric_reference(feature, rows.numeric[:, column], rows.time_ns)
        for column, feature in enumerate(numeric_features(manifest))
    ]
    categorical = [
        _categorical_reference(feature.name, rows.categorical[:, column])
        for column, feature in enumerate(categorical_features(manifest))
    ]
    return ReferenceProfile(
        snapshot=manifest.digest,
        rows=len(rows),
        numeric=numeric,
        categorical=categorical,
        score_counts=score_counts(scores),
    )


def score_counts(scores: Floats) -> list[int]:
    """Return rows per score cell: 50 equal cells over 0..1; of several classes, the largest."""
    confidence = scores if scores.ndim == 1 else scores.max(axis=1)
    cells = np.minimum((confidence * SCORE_CELLS).astype(np.int64), SCORE_CELLS - 1)
    return [int(count) for count in np.bincount(cells, minlength=SCORE_CELLS)]


def _numeric_reference(feature: Feature, values: Floats, time_ns: Integers) -> NumericReference:
    edges = _cell_edges(values)
    return NumericReference(
        name=feature.name,
        edges=edges.tolist(),
        counts=_cell_counts(values, edges),
        mean=float(values.mean(dtype=np.float64)),
        std=float(values.std(dtype=np.float64)),
        min=float(values.min()),
        max=float(values.max()),
        unit=feature.unit,
        constant_seconds=constant_seconds(values, time_ns),
    )


def _cell_edges(values: Floats) -> Floats:
    """Return a cell for each value where there are few, else cells of equal mass."""
    distinct = np.unique(values)
    if 1 < len(distinct) <= CELLS:
        # At quantiles, a flag that is rarely set would share its cell with the unset ones.
        return distinct[1:]
    quantiles = np.quantile(values, np.arange(1, CELLS) / CELLS)
    # Ties make equal quantiles; a repeated edge would be a cell that nothing can fall into.
    return np.unique(quantiles.astype(np.float32))


def constant_seconds(values: Floats, time_ns: Integers) -> float:
    """Return the longest time from a value's first row to its last before it changed, seconds.

    Args:
        values: one feature, [n], in time order.
        time_ns: event times, nanoseconds, int64 [n].
    """
    changes = np.flatnonzero(values[1:] != values[:-1])
    first = np.concatenate([[0], changes + 1])
    last = np.concatenate([changes, [len(values) - 1]])
    return float((time_ns[last] - time_ns[first]).max()) / 1e9


def _cell_counts(values: Floats, edges: Floats) -> list[int]:
    cells: npt.NDArray[np.intp] = np.searchsorted(edges, values, side="right")
    return [int(count) for count in np.bincount(cells, minlength=len(edges) + 1)]


def _categorical_reference(name: str, values: npt.NDArray[np.object_]) -> CategoricalReference:
    categories, counts = np.unique(values.astype(str), return_counts=True)
    return CategoricalReference(
        name=name,
        counts={str(c): int(n) for c, n in zip(categories, counts, strict=True)},
    )
