"""Cells of all features side by side."""

import numpy as np
import pytest

from support.windows import pane_of, reference_of, rows_of
from trimtab_stages.contract.serving_plan import NumericReference
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.merge import merge

RANDOM = np.random.default_rng(1)
ROWS = rows_of(
    np.stack([RANDOM.normal(5, 2, 500), RANDOM.integers(0, 3, 500), np.ones(500)], axis=1),
    ["smooth", "few", "constant"],
)
REFERENCE = reference_of(ROWS)


def test_features_keep_their_own_cells() -> None:
    table = numeric_table(REFERENCE.numeric, merge([pane_of(ROWS, REFERENCE)]))

    assert table.names == ROWS.names
    assert table.cells.tolist() == [20, 3, 2]
    assert table.observed.shape == table.reference.shape == (3, 20)
    assert table.observed.tolist() == table.reference.tolist()
    assert table.edges[1].tolist() == [1.0, *[2.0] * 18]
    assert table.rows.tolist() == [500, 500, 500]


def test_moments_are_those_of_the_raw_rows() -> None:
    window = rows_of(ROWS.numeric[:100] * 2 + 1, ROWS.names)
    table = numeric_table(REFERENCE.numeric, merge([pane_of(window, REFERENCE)]))
    values = window.numeric.astype(np.float64)

    assert table.mean + table.shift == pytest.approx(values.mean(axis=0))
    assert table.deviation == pytest.approx(values.std(axis=0), abs=1e-6)
    assert table.low == pytest.approx(values.min(axis=0))
    assert table.high == pytest.approx(values.max(axis=0))
    assert table.least == pytest.approx(ROWS.numeric.min(axis=0))


def test_a_feature_without_rows_counts_nothing() -> None:
    table = numeric_table(REFERENCE.numeric, merge([]))

    assert table.rows.tolist() == [0, 0, 0]
    assert table.shift.tolist() == [0.0, 0.0, 0.0]
    assert np.isnan(table.low).all()


def test_a_reference_may_know_no_bounds() -> None:
    bare = NumericReference(name="x", edges=[0.0], counts=[1, 1], mean=0, std=1)
    table = numeric_table([bare], merge([]))

    assert (table.least.tolist(), table.most.tolist()) == ([-np.inf], [np.inf])


def test_panes_of_another_version_are_refused() -> None:
    other = [feature.model_copy(update={"counts": [1, 2, 3, 4]}) for feature in REFERENCE.numeric]

    with pytest.raises(ValueError, match="`smooth` in 20 cells, the reference in 4"):
        numeric_table(other, merge([pane_of(ROWS, REFERENCE)]))
