"""Intervals of a metric hold, also with few rows."""

import numpy as np
import pytest
from scipy.stats import binom

from support.windows import drawn
from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.confusion import proportions
from trimtab_stages.drift.quality import CONFIDENCE, measure_all, share_limits


@pytest.mark.parametrize("rows", [1, 5, 25, 200, 2000])
@pytest.mark.parametrize("share", [0.02, 0.3, 0.5, 0.85, 0.99])
def test_limits_of_a_share_hold_with_95_percent_at_every_size(rows: int, share: float) -> None:
    hits = np.arange(rows + 1)
    low, high = share_limits(hits, np.full(rows + 1, rows))
    weight = binom.pmf(hits, rows, share)

    assert weight[low > share].sum() <= 0.025
    assert weight[high < share].sum() <= 0.025


def test_limits_are_not_much_wider_than_a_normal_interval() -> None:
    low, high = share_limits(np.array([800]), np.array([1000]))
    normal = 2 * 1.96 * np.sqrt(0.8 * 0.2 / 1000)

    assert normal <= (high - low)[0] <= 1.45 * normal


@pytest.mark.parametrize(
    ("hits", "rows", "low", "high"),
    [
        pytest.param(0, 0, 0.0, 1.0, id="no rows"),
        pytest.param(0, 10, 0.0, 1 - 40 ** (-1 / 10), id="no hit"),
        pytest.param(10, 10, 40 ** (-1 / 10), 1.0, id="all hit"),
    ],
)
def test_limits_at_the_ends_have_a_closed_form(
    hits: int, rows: int, low: float, high: float
) -> None:
    found = share_limits(np.array([hits]), np.array([rows]))

    assert found[:, 0] == pytest.approx([low, high], abs=1e-9)


@pytest.mark.parametrize("rows", [[100, 100], [975, 25], [195, 5]], ids=str)
def test_an_interval_holds_the_metric(rows: list[int]) -> None:
    random = np.random.default_rng(rows[1])
    outside = 0
    for _ in range(300):
        shares = proportions(Metric.BALANCED_ACCURACY, drawn(random, rows, [0.9, 0.8]))
        assert shares is not None
        (found,) = measure_all([shares], [CONFIDENCE])
        outside += not found.low <= 0.85 <= found.high

    assert outside / 300 <= 0.05
