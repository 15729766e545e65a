"""Features that keep one value for too long."""

import numpy as np
import numpy.typing as npt
import pytest

from support.windows import START_NS, buckets_of, reference_of, rows_of, spaced
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.merge import merge
from trimtab_stages.drift.parts import window_parts
from trimtab_stages.drift.stuck_sensor import Stuck, stuck_features

Values = npt.NDArray[np.float64]
HOUR_NS = 3600 * 10**9
DAY = 86_400
HOURS = 30 * 24
DAILY = np.repeat(np.random.default_rng(8).normal(10, 5, 60), 24)
"""Changes every day, in the reference too."""


def found(window: Values) -> list[Stuck]:
    """Return what is stuck of hourly rows in daily buckets."""
    profile = reference_of(spaced(rows_of(DAILY[:, None], ["t"]), HOUR_NS))
    panes = buckets_of(spaced(rows_of(window[:, None], ["t"]), HOUR_NS), profile, DAY)
    table, parts = numeric_table(profile.numeric, merge(panes)), window_parts(["t"], panes)
    longest = [one.constant_seconds for one in profile.numeric]
    assert longest == [23 * 3600.0]
    return list(stuck_features(table, parts, longest))


def resting(first: int, end: int, value: float = 7.0) -> Values:
    """Return a window that keeps one value for some days."""
    window = DAILY[:HOURS].copy()
    window[first * 24 : end * 24] = value
    return window


@pytest.mark.parametrize(
    ("first", "end"), [(0, 30), (10, 14), (26, 30)], ids=["all of it", "four days", "at the end"]
)
def test_a_stuck_sensor_is_found_where_it_is(first: int, end: int) -> None:
    (stuck,) = found(resting(first, end))

    assert (stuck.value, stuck.rows) == (7.0, (end - first) * 24)
    assert stuck.first_ns == START_NS + first * 24 * HOUR_NS
    assert stuck.seconds == ((end - first) * 24 - 1) * 3600


def two_values() -> Values:
    return np.where(np.arange(HOURS) // 24 % 4 < 2, 3.0, 4.0)


@pytest.mark.parametrize(
    "window",
    [
        pytest.param(DAILY[:HOURS], id="nothing wrong"),
        pytest.param(resting(10, 12), id="twice as long as ever"),
        pytest.param(two_values(), id="two values in turn"),
        pytest.param(np.where(np.arange(HOURS) % 24 == 12, DAILY[:HOURS], 7.0), id="moves once"),
        pytest.param(resting(0, 30)[:24], id="too few rows"),
    ],
)
def test_what_is_not_stuck(window: Values) -> None:
    assert found(window) == []


def test_parts_without_rows_end_no_rest() -> None:
    window = resting(8, 20)
    window[10 * 24 : 12 * 24] = np.nan
    (stuck,) = found(window)

    assert (stuck.rows, stuck.seconds) == (240, (12 * 24 - 1) * 3600)
