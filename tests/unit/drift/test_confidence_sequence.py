"""The interval holds at all looks together, and is not wider than it must be."""

import numpy as np
import pytest

from trimtab_stages.drift.confidence_sequence import Integers, bound_mean

ERROR = 0.05


def draw(
    random: np.random.Generator, rows: int, shares: list[float], means: list[float], moving: float
) -> tuple[Integers, Integers]:
    """Return values and strata, int64 [rows] each; a share `moving` of the values is not 0."""
    strata = random.choice(len(shares), rows, p=shares)
    mean = np.array(means)[strata]
    u = random.random(rows)
    values = np.where(u < (moving + mean) / 2, 1, np.where(u < moving, -1, 0))
    _, first, inverse = np.unique(strata, return_index=True, return_inverse=True)
    return values.astype(np.int64), np.argsort(np.argsort(first))[inverse]


@pytest.mark.parametrize(
    ("shares", "means", "moving"),
    [
        pytest.param([1.0], [0.0], 0.1, id="one stratum"),
        pytest.param([0.5, 0.5], [0.02, -0.06], 0.1, id="two alike, means apart"),
        pytest.param([0.9, 0.1], [0.0, 0.0], 0.1, id="one is rare"),
        pytest.param([0.97, 0.03], [0.05, -0.3], 0.4, id="one is very rare and far"),
        pytest.param([0.4, 0.3, 0.2, 0.1], [0.1, 0.0, -0.1, 0.05], 0.3, id="four"),
        pytest.param([0.5, 0.5], [0.9, -0.9], 0.95, id="nearly all move"),
    ],
)
def test_the_mean_is_hardly_ever_outside_at_any_look(
    shares: list[float], means: list[float], moving: float
) -> None:
    random = np.random.default_rng(len(shares))
    outside = 0
    for _ in range(20):
        values, strata = draw(random, 1200, shares, means, moving)
        ever = False
        for rows in range(300, 1201, 300):
            seen = len(np.unique(strata[:rows]))
            if seen < len(shares):
                continue
            low, high = bound_mean(values[:rows], strata[:rows], 0.02, ERROR)
            ever |= not low <= float(np.mean(means)) <= high
        outside += ever

    assert outside <= 2


@pytest.mark.parametrize(
    ("shares", "moving", "most"),
    [
        pytest.param([1.0], 0.1, 3.7, id="one stratum"),
        pytest.param([0.5, 0.5], 0.1, 3.7, id="two alike"),
        pytest.param([0.8, 0.2], 0.1, 4.0, id="one is rarer"),
        pytest.param([0.25] * 4, 0.1, 4.2, id="four"),
    ],
)
def test_the_interval_is_a_few_standard_errors_wide(
    shares: list[float], moving: float, most: float
) -> None:
    random = np.random.default_rng(3)
    rows, ratios = 5000, []
    for _ in range(10):
        values, strata = draw(random, rows, shares, [0.0] * len(shares), moving)
        low, high = bound_mean(values, strata, 0.02, ERROR)
        variance = sum(moving / (rows * share) for share in shares) / len(shares) ** 2
        ratios.append((high - low) / 2 / np.sqrt(variance))

    assert 2.2 < np.mean(ratios) < most


def test_signs_turned_round_turn_the_interval_round() -> None:
    values, strata = draw(np.random.default_rng(1), 900, [0.6, 0.4], [0.1, 0.0], 0.2)
    low, high = bound_mean(values, strata, 0.02, ERROR)

    assert bound_mean(-values, strata, 0.02, ERROR) == pytest.approx((-high, -low))


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_few_rows_say_nearly_nothing(rows: int) -> None:
    low, high = bound_mean(np.ones(rows, np.int64), np.zeros(rows, np.int64), 0.02, ERROR)

    assert low <= 0.0
    assert high == pytest.approx(1.0)


def test_more_rows_say_more() -> None:
    values, strata = draw(np.random.default_rng(2), 20_000, [0.5, 0.5], [0.0, 0.0], 0.1)
    widths = []
    for rows in (300, 1000, 5000, 20_000):
        low, high = bound_mean(values[:rows], strata[:rows], 0.02, ERROR)
        widths.append(high - low)

    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.02


def test_one_more_stratum_may_come_at_any_time() -> None:
    values, strata = draw(np.random.default_rng(2), 2000, [1.0], [0.0], 0.1)
    before = bound_mean(values, strata, 0.02, ERROR)
    strata[-1] = 1
    after = bound_mean(values, strata, 0.02, ERROR)

    assert after[1] - after[0] > before[1] - before[0]
    assert after[0] == pytest.approx(-0.5, abs=0.1)
