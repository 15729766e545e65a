"""Intervals of realised quality: they hold, and how often they call a healthy window a drop."""

import numpy as np
import pytest
from scipy.stats import binom

from trimtab_stages.contract.gates import Metric
from trimtab_stages.drift.quality import drop, measure_quality, share_limits


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


def drawn(random: np.random.Generator, rows: list[int], recalls: list[float]) -> np.ndarray:
    """Return confusion counts of two classes with the given recalls."""
    hits = random.binomial(rows, recalls)
    return np.array([[hits[0], rows[0] - hits[0]], [rows[1] - hits[1], hits[1]]])


@pytest.mark.parametrize("rows", [[100, 100], [975, 25], [195, 5]], ids=str)
def test_healthy_windows_are_rarely_called_a_drop(rows: list[int]) -> None:
    random = np.random.default_rng(rows[1])
    recalls, trials = [0.9, 0.8], 300
    called = outside = 0
    for _ in range(trials):
        quality = measure_quality(Metric.BALANCED_ACCURACY, drawn(random, rows, recalls), 0.85)
        assert quality is not None
        value, low, _ = drop(quality)
        called += value > 0.05 and low > 0
        outside += not quality.low <= 0.85 <= quality.high

    assert called / trials <= 0.01
    assert outside / trials <= 0.05


@pytest.mark.parametrize("rows", [[500, 500], [4000, 100]], ids=str)
def test_a_drop_by_ten_points_is_called_one(rows: list[int]) -> None:
    random = np.random.default_rng(1)
    called = 0
    for _ in range(50):
        quality = measure_quality(Metric.BALANCED_ACCURACY, drawn(random, rows, [0.8, 0.7]), 0.85)
        assert quality is not None
        value, low, _ = drop(quality)
        called += value > 0.05 and low > 0

    assert called >= 45


@pytest.mark.parametrize(
    ("metric", "reference", "expected"),
    [
        pytest.param(Metric.ACCURACY, 0.9, 0.15, id="accuracy fell"),
        pytest.param(Metric.RECALL, 0.5, -0.1, id="recall rose"),
        pytest.param(Metric.FALSE_POSITIVE_RATE, 0.05, 0.05, id="more false alarms are worse"),
    ],
)
def test_a_drop_is_positive_where_things_got_worse(
    metric: Metric, reference: float, expected: float
) -> None:
    counts = np.array([[45, 5], [20, 30]])
    quality = measure_quality(metric, counts, reference)
    assert quality is not None
    value, low, high = drop(quality)

    assert value == pytest.approx(expected)
    assert low < value < high
    assert (quality.labels, quality.counts) == (100, counts.tolist())


def test_no_labels_are_no_quality() -> None:
    assert measure_quality(Metric.ACCURACY, np.zeros((2, 2), np.int64), 0.9) is None
