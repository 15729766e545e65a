"""What several seeds say of a loop together."""

import math

import numpy as np
import pytest

from replay.arms import EVERY, FROZEN
from replay.trials import LOOP, Trial, bar_of_cuts, interval, told_cuts

REFITTED = np.full(6, 0.95)


def trial(seed: int, frozen: float, loop: float, *, first: float = 0.95) -> Trial:
    """Return a play in which frozen model and loop lose as much in every window but the first."""
    lost = np.array([0.0, 1, 1, 1, 1, 1])
    qualities = {
        EVERY: REFITTED,
        FROZEN: first + (REFITTED - 0.95) - frozen * lost,
        LOOP: REFITTED - loop * lost,
    }
    return Trial(seed, [2], [3], 0.95, qualities)


@pytest.mark.parametrize(
    ("trials", "line"),
    [
        pytest.param([trial(7, 0.1, 0.02)], "bar cut 0.8 0.5 ok", id="one seed"),
        pytest.param(
            [trial(7, 0.1, 0.02), trial(8, 0.2, 0.12)], "bar cut 0.6 0.5 ok", id="the mean"
        ),
        pytest.param(
            [trial(7, 0.1, 0.02), trial(8, 0.1, 0.1)], "bar cut 0.4 0.5 short", id="a bad seed"
        ),
        pytest.param(
            [trial(7, 0.1, 0.02), trial(8, 0.1, 0.02, first=0.9)],
            "bar cut nan 0.5 short # seed 8: no fair start: the first model is 0.0500 behind "
            "HistGradientBoosting, 0.02 allowed",
            id="a seed that means nothing",
        ),
    ],
)
def test_the_mean_over_seeds_counts(trials: list[Trial], line: str) -> None:
    assert str(bar_of_cuts("cut", trials, 6, 0.5)) == line


def test_the_smallest_cut_is_told() -> None:
    told = told_cuts([trial(7, 0.1, 0.02), trial(8, 0.2, 0.12)], 6)

    assert "by seed 7: 0.80, 8: 0.40; smallest 0.40; " in told


def test_windows_that_agree_leave_no_uncertainty() -> None:
    assert interval([trial(7, 0.1, 0.02)], 6) == pytest.approx((0.8, 0.8))


def test_windows_that_disagree_leave_some() -> None:
    qualities = dict(trial(7, 0.1, 0.0).qualities)
    qualities[LOOP] = REFITTED - np.array([0.0, 0, 0, 0.1, 0.1, 0.1])
    low, high = interval([Trial(7, [2], [3], 0.95, qualities)], 6)

    assert low < 0.4 < high
    assert math.isfinite(low)
