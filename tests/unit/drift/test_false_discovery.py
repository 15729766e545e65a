"""Benjamini and Hochberg's procedure."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from trimtab_stages.drift.false_discovery import benjamini_hochberg


@pytest.mark.parametrize(
    ("p_values", "expected"),
    [
        pytest.param([], [], id="no features"),
        pytest.param([0.04], [True], id="one that passes"),
        pytest.param([0.06], [False], id="one that does not"),
        pytest.param([0.03, 0.04], [True, True], id="a larger one carries a smaller one"),
        pytest.param([0.04, 0.9, 0.9], [False] * 3, id="one of three is not enough"),
        pytest.param([0.01, 0.9, 0.9], [True, False, False], id="one of three that is"),
        pytest.param([0.05, 0.05, 0.05], [True] * 3, id="ties"),
    ],
)
def test_cases_at_five_percent(p_values: list[float], expected: list[bool]) -> None:
    assert benjamini_hochberg(np.array(p_values), 0.05).tolist() == expected


def test_many_features_agree_with_scipy() -> None:
    random = np.random.default_rng(3)
    for _ in range(50):
        p_values = random.beta(0.3, 1, 40)
        expected = false_discovery_control(p_values) <= 0.01
        assert benjamini_hochberg(p_values, 0.01).tolist() == expected.tolist()


def test_false_discoveries_stay_below_the_rate() -> None:
    random = np.random.default_rng(5)
    shares = []
    for _ in range(400):
        p_values = np.concatenate([random.random(40), random.random(10) * 1e-6])
        found = benjamini_hochberg(p_values, 0.1)
        shares.append(found[:40].sum() / max(found.sum(), 1))

    assert np.mean(shares) <= 0.1
