"""Jensen-Shannon distance against SciPy's, and its mean without drift."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import jensenshannon

from support.raw_statistics import divergence_of
from trimtab_stages.drift.jensen_shannon import TABLE_ERROR, jensen_shannon

Values = npt.NDArray[np.float64]


@pytest.mark.parametrize(
    ("reference", "window"),
    [
        pytest.param([50, 50], [10, 90], id="two categories"),
        pytest.param([900, 90, 10, 0], [300, 300, 300, 100], id="a new category"),
        pytest.param([10, 20, 30, 40], [40, 30, 20, 10], id="turned round"),
    ],
)
def test_many_rows_give_the_plain_distance(reference: list[int], window: list[int]) -> None:
    many = [np.array([counts]) * 10_000 for counts in (reference, window)]

    assert jensen_shannon(many[0], many[1])[0] == pytest.approx(
        jensenshannon(reference, window, base=2), abs=1e-5
    )


@pytest.mark.parametrize(
    ("reference", "window"), [([700, 200, 100], [150, 40, 10]), ([90, 10, 0, 0], [10, 10, 10, 10])]
)
def test_few_rows_give_it_less_its_mean_without_drift(
    reference: list[int], window: list[int]
) -> None:
    cells = sum(a + b > 0 for a, b in zip(reference, window, strict=True))
    chance = (cells - 1) / (8 * np.log(2)) * (1 / sum(reference) + 1 / sum(window))
    plain = float(jensenshannon(reference, window, base=2)) ** 2

    assert jensen_shannon(np.array([reference]), np.array([window]))[0] == pytest.approx(
        np.sqrt(max(plain - chance, 0)), rel=0.01
    )


@pytest.mark.parametrize(
    ("reference", "window", "expected"),
    [
        pytest.param([10, 0], [0, 10_000_000], 1.0, id="disjoint"),
        pytest.param([10, 20], [100, 200], 0.0, id="same shares"),
        pytest.param([10, 20], [0, 0], 0.0, id="no rows in the window"),
        pytest.param([0, 0], [1, 2], 0.0, id="no rows in the reference"),
    ],
)
def test_the_ends_of_the_scale(reference: list[int], window: list[int], expected: float) -> None:
    many = np.array([reference]) * 1_000_000
    assert jensen_shannon(many, np.array([window]))[0] == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize("categories", [5, 30, 200])
def test_many_categories_in_a_small_window_do_not_look_drifted(categories: int) -> None:
    random = np.random.default_rng(categories)
    shares = random.dirichlet(np.ones(categories))
    reference = random.multinomial(20_000, shares, size=300)
    window = random.multinomial(200, shares, size=300)
    plain = [jensenshannon(a, b, base=2) for a, b in zip(reference, window, strict=True)]
    found = jensen_shannon(reference, window)

    assert np.mean(found > 0.2) <= 0.01
    assert found.mean() < float(np.mean(plain)) / 2


@pytest.mark.parametrize("times", [1, 10, 1000, 10**5])
@pytest.mark.parametrize("shares", [[9, 1], [5, 3, 1, 1], [1] * 40], ids=len)
def test_the_mean_under_no_drift_is_read_off_closely_enough(shares: list[int], times: int) -> None:
    counts = [times * np.array(one) for one in (shares, [3 * shares[0], *shares[1:]])]
    divergence, chance = divergence_of(*(one.tolist() for one in counts))
    found = jensen_shannon(*(one[None, :] for one in counts))[0] ** 2

    assert found == pytest.approx(max(divergence - chance, 0), abs=TABLE_ERROR * chance + 1e-12)


@given(
    first=arrays(np.float64, 200, elements=st.integers(1, 1000)),
    ratios=arrays(np.float64, 50, elements=st.floats(-2, 2)),
    within=arrays(np.float64, 200, elements=st.floats(0, 1)),
    spread=st.floats(0, 3),
)
@settings(max_examples=50, deadline=None)
def test_what_cells_lose_of_finer_ones_is_bounded(
    first: Values, ratios: Values, within: Values, spread: float
) -> None:
    second = first * np.exp(np.repeat(ratios, 4) + spread * within)
    # So many rows that nothing is subtracted for chance.
    fine = [np.rint(1e15 * one / one.sum()).astype(np.int64) for one in (first, second)]
    binned = jensen_shannon(*(one.reshape(50, 4).sum(axis=1)[None, :] for one in fine))[0] ** 2
    lost = float(jensenshannon(*fine, base=2)) ** 2 - binned

    assert -1e-9 <= lost <= spread**2 / (16 * np.log(2)) + 1e-9
