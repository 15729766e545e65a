"""Distances from cell counts against distances of the raw rows."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from support.cgm import cgm_rows, training_rows
from support.windows import pane_of, reference_of, rows_of
from trimtab_stages.contract.serving_plan import NumericReference
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.merge import merge
from trimtab_stages.drift.wasserstein import Distance, wasserstein

Values = npt.NDArray[np.float64]
Draw = Callable[[np.random.Generator, int], Values]


def measured(reference: npt.ArrayLike, window: npt.ArrayLike) -> Distance:
    columns = [
        np.asarray(values).reshape(len(np.asarray(values)), -1) for values in (reference, window)
    ]
    names = [f"x{index}" for index in range(columns[0].shape[1])]
    profile = reference_of(rows_of(columns[0], names))
    return wasserstein(
        numeric_table(profile.numeric, merge([pane_of(rows_of(columns[1], names), profile)]))
    )


def brute(reference: npt.ArrayLike, window: npt.ArrayLike) -> float:
    first, second = (np.asarray(values, dtype=np.float32) for values in (reference, window))
    return float(wasserstein_distance(first, second) / first.std(dtype=np.float64))


def normal(mean: float = 0, std: float = 1) -> Draw:
    return lambda random, rows: random.normal(mean, std, rows)


def skewed(factor: float = 1) -> Draw:
    return lambda random, rows: factor * random.lognormal(0, 1, rows)


def flag(share: float) -> Draw:
    return lambda random, rows: (random.random(rows) < share).astype(float)


def counts(mean: float) -> Draw:
    return lambda random, rows: random.poisson(mean, rows).astype(float)


def even(top: float) -> Draw:
    return lambda random, rows: random.random(rows) * top


@pytest.mark.parametrize(
    ("before", "after", "close"),
    [
        pytest.param(normal(), normal(), 0.02, id="normal, nothing moved"),
        pytest.param(normal(), normal(0.2), 0.02, id="normal, mean moved a little"),
        pytest.param(normal(), normal(1), 0.02, id="normal, mean moved"),
        pytest.param(normal(), normal(5), 0.02, id="normal, mean far away"),
        pytest.param(normal(), normal(0, 0.5), 0.05, id="normal, narrower"),
        pytest.param(normal(), normal(0, 2), 0.4, id="normal, wider"),
        pytest.param(skewed(), skewed(), 0.05, id="skewed, nothing moved"),
        pytest.param(skewed(), skewed(2), 0.05, id="skewed, doubled"),
        pytest.param(flag(0.03), flag(0.03), 0.02, id="rare flag, nothing moved"),
        pytest.param(flag(0.03), flag(0.1), 0.02, id="rare flag, set more often"),
        pytest.param(counts(3), counts(4), 0.05, id="counts, more"),
        pytest.param(even(1), even(0.9), 0.03, id="even, shorter"),
    ],
)
def test_the_distance_is_that_of_the_raw_rows(before: Draw, after: Draw, close: float) -> None:
    random = np.random.default_rng(11)
    reference, window = before(random, 20_000), after(random, 1_000)
    distance, truth = measured(reference, window), brute(reference, window)

    assert abs(distance.value[0] - truth) <= distance.error[0] + 1e-6
    assert abs(distance.value[0] - truth) <= close


@given(
    reference=st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=60),
    window=st.lists(st.floats(-1e4, 1e4, width=32), min_size=1, max_size=60),
)
@settings(max_examples=100, deadline=None)
def test_the_error_bound_holds_for_any_rows(reference: list[float], window: list[float]) -> None:
    # Rounding to float32 is no small part of a tiny deviation.
    assume(float(np.std(np.array(reference, np.float32))) > 1e-2)
    distance, truth = measured(reference, window), brute(reference, window)

    assert abs(distance.value[0] - truth) <= distance.error[0] + 1e-4 * max(truth, 1)


def test_real_rows_are_as_far_apart_as_their_cells_say() -> None:
    rows = cgm_rows()
    split = training_rows(rows)
    before, after = rows.numeric[:split], rows.numeric[split : split + 4000]
    distance = measured(before, after)
    truth = [brute(before[:, column], after[:, column]) for column in range(before.shape[1])]

    assert (np.abs(distance.value - truth) <= distance.error).all()
    assert distance.value == pytest.approx(truth, abs=0.06)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        pytest.param([3.0] * 50, 0.0, id="still constant"),
        pytest.param([4.0] * 50, 1.0, id="another constant"),
    ],
)
def test_a_constant_reference_is_measured_in_what_the_window_moved(
    window: list[float], expected: float
) -> None:
    assert measured([3.0] * 100, window).value.tolist() == [expected]


def test_a_reference_without_bounds_has_a_bound_of_its_moments() -> None:
    bare = NumericReference(name="x", edges=[0.0], counts=[1, 1], mean=0.0, std=1.0)
    pane = pane_of(rows_of([[-1.0], [1.0]], ["x"]), reference_of(rows_of([[-1.0], [1.0]], ["x"])))
    distance = wasserstein(numeric_table([bare], merge([pane])))

    assert np.isfinite(distance.error).all()
    assert distance.value.tolist() == [0.0]


def test_no_rows_are_no_distance() -> None:
    profile = reference_of(rows_of([[1.0], [2.0]], ["x"]))
    distance = wasserstein(numeric_table(profile.numeric, merge([])))

    assert (distance.value.tolist(), distance.error.tolist()) == ([0.0], [0.0])
