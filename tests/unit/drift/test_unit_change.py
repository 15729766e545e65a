"""Changes of unit: found where the window is no ordinary one, and not in honest drift."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from support.cgm import cgm_rows, training_rows
from support.windows import pane_of, reference_of, rows_of
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.merge import merge
from trimtab_stages.drift.unit_change import CONVERSIONS, UnitChange, unit_changes

Values = npt.NDArray[np.float64]
RANDOM = np.random.default_rng(3)
SEASONS = 12 + 9 * np.sin(np.linspace(0, 8 * np.pi, 8000)) + RANDOM.normal(0, 3, 8000)
PRESSURE = RANDOM.normal(1013, 9, 8000)
WIND = RANDOM.gamma(2, 2, 8000)
RAIN = np.where(RANDOM.random(8000) < 0.8, 0, RANDOM.exponential(3, 8000))
SLOPE = RANDOM.normal(0, 1, 8000)


def changes(reference: Values, window: Values, unit: str | None = None) -> list[UnitChange]:
    profile = reference_of(rows_of(reference[:, None], ["x"]))
    pane = pane_of(rows_of(window[:, None], ["x"]), profile)
    return unit_changes(numeric_table(profile.numeric, merge([pane])), [unit])


@pytest.mark.parametrize(
    ("reference", "convert", "unit"),
    [
        pytest.param(SEASONS, lambda v: 1.8 * v + 32, "degC", id="degC to degF"),
        pytest.param(1.8 * SEASONS + 32, lambda v: (v - 32) / 1.8, "degF", id="degF to degC"),
        pytest.param(SEASONS, lambda v: v + 273.15, "degC", id="degC to K"),
        pytest.param(PRESSURE, lambda v: v * 100, "hPa", id="hPa to Pa"),
        pytest.param(PRESSURE, lambda v: v / 1000, "hPa", id="hPa to bar"),
        pytest.param(PRESSURE, lambda v: v * 0.750062, "hPa", id="hPa to mmHg"),
        pytest.param(WIND + 60, lambda v: v * 1000, None, id="unit not declared, times 1000"),
        pytest.param(WIND + 60, lambda v: v * 0.001, None, id="unit not declared, by 1000"),
        pytest.param(WIND + 60, lambda v: v * 2.54, None, id="unit not declared, in to cm"),
        pytest.param(SLOPE, lambda v: v * 60, None, id="about zero, times 60"),
    ],
)
def test_a_converted_window_is_a_change_of_unit(
    reference: Values, convert: Callable[[Values], Values], unit: str | None
) -> None:
    found = changes(reference, convert(reference[1000:1600]), unit)

    assert [change.feature for change in found] == [0]


def test_the_conversion_is_named() -> None:
    (change,) = changes(SEASONS, 1.8 * SEASONS[:500] + 32, "degC")

    assert (change.conversion.source, change.conversion.target) == ("degC", "degF")
    assert change.mean == pytest.approx(float((1.8 * SEASONS[:500] + 32).mean()), rel=1e-4)


@pytest.mark.parametrize(
    ("reference", "window", "unit"),
    [
        pytest.param(SEASONS, SEASONS[:600], None, id="nothing moved"),
        pytest.param(SEASONS, np.sort(SEASONS)[:400], None, id="the coldest rows of all"),
        pytest.param(SEASONS, np.sort(SEASONS)[-400:], "degC", id="the warmest rows of all"),
        pytest.param(SEASONS, SEASONS[:600] + 10, "degC", id="ten degrees warmer"),
        pytest.param(SEASONS, SEASONS[:600] * 1.5, "degC", id="half as warm again"),
        pytest.param(WIND, WIND[:600] * 1.6, None, id="a windy season"),
        pytest.param(RAIN, RAIN[:600] / 10, None, id="a drought"),
        pytest.param(RAIN, RAIN[:600] * 3, None, id="a wet season"),
        pytest.param(SLOPE, SLOPE[:600] * 4, None, id="four times as restless"),
        pytest.param(SLOPE, SLOPE[:600] / 20, None, id="twenty times as calm"),
        pytest.param(np.arange(8000.0), np.arange(8000, 8600.0), None, id="a counter goes on"),
        pytest.param(PRESSURE, PRESSURE[:600] * 100, "degC", id="no conversion of its dimension"),
        pytest.param(PRESSURE, PRESSURE[:20] * 100, "hPa", id="too few rows"),
        pytest.param(PRESSURE, np.full(600, 101300.0), "hPa", id="one value"),
        pytest.param(np.ones(800), np.full(600, 1000.0), None, id="a constant reference"),
    ],
)
def test_honest_drift_is_no_change_of_unit(
    reference: Values, window: Values, unit: str | None
) -> None:
    assert changes(reference, window, unit) == []


@pytest.mark.parametrize("days", [1, 14])
def test_real_windows_are_told_from_converted_ones(days: int) -> None:
    rows = cgm_rows()
    split = training_rows(rows)
    glucose = rows.numeric[:, 0].astype(np.float64)
    day = (rows.event_ns[split:] - rows.event_ns[split]) // 86_400_000_000_000
    windows = [glucose[split:][day // days == index] for index in range(0, 140 // days, 4)]
    windows = [window for window in windows if len(window) >= 100]

    assert len(windows) >= 2
    assert [changes(glucose[:split], window, "mg/dL") for window in windows] == [[]] * len(windows)
    found = [changes(glucose[:split], window / 18.0156, "mg/dL") for window in windows]
    assert sum(map(bool, found)) >= 0.9 * len(found)


def test_conversions_are_between_units_of_one_dimension() -> None:
    pairs = {(one.source, one.target): (one.factor, one.offset) for one in CONVERSIONS}

    assert pairs["degC", "degF"] == pytest.approx((1.8, 32.0))
    assert pairs["m/s", "km/h"] == pytest.approx((3.6, 0.0))
    assert ("degC", "m") not in pairs
    assert ("hPa", "mbar") not in pairs
