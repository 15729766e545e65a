"""Merged panes against the raw rows, however many replicas wrote them."""

from fractions import Fraction

import numpy as np
import pytest

from support.windows import Rows, pane_of, reference_of, rows_of
from trimtab_stages.contract.pane import Pane
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.chi_square import mean_p_value
from trimtab_stages.drift.merge import MergedPanes, merge

RANDOM = np.random.default_rng(5)
NUMERIC = np.stack(
    [RANDOM.normal(120, 40, 3000), RANDOM.lognormal(0, 2, 3000), RANDOM.normal(0, 1e-3, 3000)],
    axis=1,
)
WORDS = RANDOM.choice(["a", "b", "c"], 3000).astype(object)[:, None]
ROWS = rows_of(NUMERIC, ["glucose", "tail", "tiny"], WORDS)
REFERENCE = reference_of(ROWS.take(slice(0, 1000)))


def replicas(rows: Rows, count: int) -> list[Pane]:
    """Return panes as `count` pods would have written them, each in three flushes."""
    pod = np.random.default_rng(count).integers(0, 3 * count, len(rows))
    return [
        pane_of(rows.take(np.flatnonzero(pod == index)), REFERENCE, f"pod-{index}")
        for index in range(3 * count)
    ]


def floats(merged: MergedPanes) -> list[float]:
    numeric = [(one.total, one.squares) for one in merged.numeric.values()]
    return [*merged.score_sums.tolist(), *(value for pair in numeric for value in pair)]


@pytest.mark.parametrize("count", [1, 4, 16])
def test_replicas_merge_into_what_one_would_have_seen(count: int) -> None:
    whole, merged = merge([pane_of(ROWS, REFERENCE)]), merge(replicas(ROWS, count))

    assert merged.rows == whole.rows == len(ROWS)
    assert merged.categorical == whole.categorical
    assert merged.decisions == whole.decisions
    assert merged.score_counts.tolist() == whole.score_counts.tolist()
    assert (merged.first_event_ns, merged.last_event_ns) == (
        whole.first_event_ns,
        whole.last_event_ns,
    )
    for name, sums in merged.numeric.items():
        assert sums.counts.tolist() == whole.numeric[name].counts.tolist()
        assert (sums.min, sums.max) == (whole.numeric[name].min, whole.numeric[name].max)
        assert (sums.total, sums.squares) == (
            whole.numeric[name].total,
            whole.numeric[name].squares,
        )
    assert floats(merged) == pytest.approx(floats(whole), rel=1e-12)


@pytest.mark.parametrize("count", [1, 4, 16])
def test_replicas_have_the_same_chance_to_the_last_bit(count: int) -> None:
    # Means that have moved by 20 to 34 errors: there a p-value shows each bit of the sums.
    random = np.random.default_rng(9)
    training = random.lognormal(0, 2, (4000, 4))
    moved = training.std(axis=0) * np.linspace(20, 34, 4) * np.sqrt(1 / 4000 + 1 / 100_000)
    values = random.lognormal(0, 2, (100_000, 4))
    names = ["a", "b", "c", "d"]
    rows = rows_of(values - values.mean(axis=0) + training.mean(axis=0) + moved, names)
    reference = reference_of(rows_of(training, names))

    found = []
    for pods in (1, count):
        shared = [rows.take(np.arange(pod, len(rows), pods)) for pod in range(pods)]
        panes = merge(pane_of(one, reference) for one in shared)
        found.append(mean_p_value(numeric_table(reference.numeric, panes)).tolist())
    assert all(0 < chance < 1e-80 for chance in found[0])
    assert found[0] == found[1]


def test_panes_of_older_servers_merge_with_those_of_newer_ones() -> None:
    panes = replicas(ROWS, 4)
    older = [
        Pane.from_bytes(
            pane.model_copy(
                update={
                    "numeric": {
                        name: cells.model_copy(update={"total_low": 0.0, "squares_low": 0.0})
                        for name, cells in pane.numeric.items()
                    }
                }
            ).to_bytes()
        )
        for pane in panes
    ]
    assert floats(merge(older)) == pytest.approx(floats(merge(panes)), rel=1e-12)


def test_the_order_of_panes_changes_no_bit() -> None:
    panes = replicas(ROWS, 16)
    forward, backward = merge(panes), merge(panes[::-1])

    assert floats(forward) == floats(backward)


def test_sums_are_the_correctly_rounded_ones() -> None:
    panes = replicas(ROWS, 4)
    tails = [pane.numeric["tail"] for pane in panes]
    exact = sum(Fraction(tail.squares) + Fraction(tail.squares_low) for tail in tails)
    merged = merge(panes).numeric["tail"]

    assert merged.squares == float(exact)
    assert merged.squares_low == float(exact - Fraction(merged.squares))


def test_counts_and_moments_are_those_of_the_raw_rows() -> None:
    merged = merge(replicas(ROWS, 4))
    for column, reference in enumerate(REFERENCE.numeric):
        values = ROWS.numeric[:, column].astype(np.float64)
        sums = merged.numeric[reference.name]
        cells = np.searchsorted(
            np.array(reference.edges, np.float32), ROWS.numeric[:, column], "right"
        )

        assert sums.counts.tolist() == np.bincount(cells, minlength=20).tolist()
        assert sums.total == pytest.approx((values - reference.mean).sum(), rel=1e-9, abs=1e-9)
        assert sums.squares == pytest.approx(np.square(values - reference.mean).sum(), rel=1e-9)
    assert merged.categorical["kind0"] == {
        word: WORDS[:, 0].tolist().count(word) for word in ("a", "b", "c")
    }


def test_no_pane_is_no_row() -> None:
    merged = merge([])

    assert (merged.rows, merged.numeric, merged.categorical) == (0, {}, {})
    assert merged.score_counts.tolist() == [0] * 50


def test_panes_without_values_have_no_smallest_one() -> None:
    merged = merge([pane_of(rows_of(np.full((3, 3), np.nan), ROWS.names), REFERENCE)])

    assert merged.numeric["tail"].missing == 3
    assert np.isnan(merged.numeric["tail"].min)


def test_panes_of_two_references_are_refused() -> None:
    pane = pane_of(ROWS, REFERENCE)
    other = pane_of(ROWS, reference_of(rows_of([[1], [2], [3]] * np.ones((1, 3)), ROWS.names)))

    with pytest.raises(ValueError, match=r"`glucose` in .* different references"):
        merge([pane, other])
