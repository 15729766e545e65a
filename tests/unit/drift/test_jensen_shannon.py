"""Jensen-Shannon distance against SciPy's, and its mean without drift."""

import numpy as np
import pytest
from scipy.spatial.distance import jensenshannon

from trimtab_stages.drift.jensen_shannon import jensen_shannon


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
