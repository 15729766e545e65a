"""Units that change within a window."""

import numpy as np
import numpy.typing as npt
import pytest

from support.windows import START_NS, buckets_of, reference_of, rows_of, spaced
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.merge import merge
from trimtab_stages.drift.parts import window_parts
from trimtab_stages.drift.unit_change import unit_changes
from trimtab_stages.drift.unit_step import UnitStep, unit_steps

Values = npt.NDArray[np.float64]
HOUR = 3600
DAY = 24 * HOUR
DAYS = 30
RANDOM = np.random.default_rng(3)
YEAR = np.repeat(12 + 9 * np.sin(np.linspace(0, 2 * np.pi, 365)) + RANDOM.normal(0, 3, 365), 24)
"""A temperature of each day, in all hours of it."""
SPRING = YEAR[: DAYS * 24]


def found(window: Values, unit: str | None = "degC", reference: Values = YEAR) -> list[UnitStep]:
    """Return the steps of hourly rows in daily buckets, where the whole window shows nothing."""
    profile = reference_of(spaced(rows_of(reference[:, None], ["t"]), HOUR * 10**9))
    panes = buckets_of(spaced(rows_of(window[:, None], ["t"]), HOUR * 10**9), profile, DAY)
    table = numeric_table(profile.numeric, merge(panes))
    assert unit_changes(table, [unit]) == []
    return list(unit_steps(table, window_parts(["t"], panes), [unit]))


def converted(first: int, end: int, window: Values = SPRING) -> Values:
    """Return a window with some days in degF."""
    values = window.copy()
    values[first * 24 : end * 24] = 1.8 * values[first * 24 : end * 24] + 32
    return values


@pytest.mark.parametrize(
    ("first", "end"),
    [
        pytest.param(10, DAYS, id="from a day on"),
        pytest.param(0, 6, id="until a day"),
        pytest.param(12, 14, id="for two days"),
    ],
)
def test_a_change_within_the_window_is_found_where_it_is(first: int, end: int) -> None:
    (step,) = found(converted(first, end))

    assert (step.conversion.source, step.conversion.target) == ("degC", "degF")
    assert step.first_ns == START_NS + first * DAY * 10**9
    assert step.last_ns == START_NS + (end * 24 - 1) * HOUR * 10**9
    assert step.mean == pytest.approx(float(converted(first, end)[first * 24 : end * 24].mean()))


@pytest.mark.parametrize(
    ("window", "unit"),
    [
        pytest.param(SPRING, "degC", id="nothing wrong"),
        pytest.param(converted(10, 11), "degC", id="fewer than 30 rows"),
        pytest.param(converted(10, DAYS), None, id="unit not declared"),
        pytest.param(converted(10, DAYS), "hPa", id="no conversion of its dimension"),
        pytest.param(SPRING + np.linspace(0, 40, DAYS * 24), "degC", id="warmer than ever, slowly"),
        pytest.param(np.where(np.arange(DAYS * 24) < 240, 15.0, 29.0), "degC", id="a hot wave"),
        pytest.param(np.where(np.arange(DAYS * 24) < 240, 15.0, 150.0), "degC", id="other values"),
    ],
)
def test_what_is_no_change_of_unit(window: Values, unit: str | None) -> None:
    assert found(window, unit) == []
