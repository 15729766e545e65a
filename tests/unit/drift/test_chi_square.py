"""P-values against SciPy's, and how they are spread where nothing has changed."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import chi2_contingency, ttest_ind_from_stats

from support.windows import pane_of, reference_of, rows_of
from trimtab_stages.drift.cells import NumericTable, numeric_table
from trimtab_stages.drift.chi_square import cells_p_value, mean_p_value, numeric_p_value
from trimtab_stages.drift.merge import Floats, merge


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        pytest.param([500, 300, 200], [60, 20, 20], id="three cells"),
        pytest.param([100] * 20, [12, 8] * 10, id="twenty cells"),
        pytest.param([5000, 5000], [70, 30], id="two cells"),
    ],
)
def test_full_cells_give_pearsons_test(reference: list[int], window: list[int]) -> None:
    expected = chi2_contingency([reference, window], correction=False).pvalue

    assert cells_p_value(np.array([reference]), np.array([window]))[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reference", "window", "joined"),
    [
        pytest.param(
            [400, 300, 200, 90, 6, 4],
            [40, 30, 20, 8, 1, 1],
            [[400, 300, 200, 100], [40, 30, 20, 10]],
            id="rare ones join the last full cell",
        ),
        pytest.param([40, 40, 920], [5, 5, 90], [[80, 920], [10, 90]], id="the first ones join up"),
    ],
)
def test_sparse_cells_are_joined(
    reference: list[int], window: list[int], joined: list[list[int]]
) -> None:
    expected = chi2_contingency(joined, correction=False).pvalue

    assert cells_p_value(np.array([reference]), np.array([window]))[0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        pytest.param([100, 0], [50, 0], id="one cell"),
        pytest.param([100, 100], [0, 0], id="no rows"),
        pytest.param([100, 100], [2, 0], id="too few rows for two cells"),
    ],
)
def test_where_nothing_can_be_compared_all_is_chance(
    reference: list[int], window: list[int]
) -> None:
    assert cells_p_value(np.array([reference]), np.array([window])).tolist() == [1.0]


def table_of(reference: np.ndarray, window: np.ndarray) -> NumericTable:
    names = [f"x{index}" for index in range(reference.shape[1])]
    profile = reference_of(rows_of(reference, names))
    return numeric_table(profile.numeric, merge([pane_of(rows_of(window, names), profile)]))


def test_means_are_compared_as_in_welchs_test() -> None:
    random = np.random.default_rng(4)
    reference, window = random.normal(0, 1, (20_000, 1)), random.normal(0.1, 1.2, (500, 1))
    expected = ttest_ind_from_stats(
        reference.mean(), reference.std(), 20_000, window.mean(), window.std(), 500, equal_var=False
    ).pvalue

    assert mean_p_value(table_of(reference, window))[0] == pytest.approx(expected, rel=0.05)


def test_an_outlier_or_the_lack_of_one_is_no_shift_of_the_mean() -> None:
    calm = np.random.default_rng(4).normal(0, 1, (1000, 1))
    wild = np.concatenate([calm, [[1e4]]])

    assert mean_p_value(table_of(calm, wild))[0] > 0.1
    assert mean_p_value(table_of(wild, calm))[0] > 0.1


Draw = Callable[[np.random.Generator, tuple[int, int]], Floats]
DRAWS: dict[str, Draw] = {
    "normal": lambda random, size: random.normal(size=size),
    "lognormal": lambda random, size: random.lognormal(size=size),
    "flag": lambda random, size: random.binomial(1, 0.2, size).astype(np.float64),
}


@pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)
def test_without_drift_small_p_values_are_as_rare_as_they_say(draw: Draw) -> None:
    random = np.random.default_rng(8)
    found = numeric_p_value(table_of(draw(random, (5000, 200)), draw(random, (300, 200))))

    assert np.mean(found < 0.05) <= 0.075
    assert np.mean(found < 0.01) <= 0.025
