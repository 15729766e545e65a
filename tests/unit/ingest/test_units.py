import numpy as np
import pytest

from support.ingesting import make_frame, make_rules
from trimtab_stages.contract.features import Column
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.units import UNITS
from trimtab_stages.ingest.units import (
    check_units,
    convert,
    convert_units,
    refuse_wrong_unit,
)

TEMPERATURE = {"name": "t", "unit": "degC", "range": {"min": "-40", "max": "60"}}
CELSIUS = np.linspace(-20, 40, 100)


@pytest.mark.parametrize(
    ("value", "source", "wanted", "expected"),
    [
        (0.0, "degC", "K", 273.15),
        (212.0, "degF", "degC", 100.0),
        (-40.0, "degF", "degC", -40.0),
        (300.0, "K", "degF", 80.33),
        (25.4, "mm", "in", 1.0),
        (36.0, "km/h", "m/s", 10.0),
        (1013.25, "hPa", "bar", 1.01325),
        (5.5, "mmol/L", "mg/dL", 99.0858),
        (50.0, "Hz", "rpm", 3000.0),
        (25.0, "%", "1", 0.25),
        (180.0, "deg", "rad", 3.14159265358979),
        (7.0, "furlong", "furlong", 7.0),
    ],
)
def test_converts(value: float, source: str, wanted: str, expected: float) -> None:
    assert convert(np.array([value]), source, wanted)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_there_and_back(unit: str) -> None:
    for other, meaning in UNITS.items():
        if meaning.dimension == UNITS[unit].dimension:
            back = convert(convert(CELSIUS, unit, other), other, unit)
            np.testing.assert_allclose(back, CELSIUS, rtol=1e-9, atol=1e-9)


def test_columns_are_converted_and_counted() -> None:
    rules = make_rules(columns=[{"name": "x", "unit": "degC", "sourceUnit": "degF"}])
    step = convert_units(make_frame([0, 1, 2], x=[32, 212, np.nan]), rules)
    np.testing.assert_allclose(step.frame.numbers["x"], [0, 100, np.nan], atol=1e-12)
    assert step.changed == 2


@pytest.mark.parametrize(
    ("column", "raw", "suggested"),
    [
        pytest.param({}, convert(CELSIUS, "degC", "K"), "K", id="kelvin-as-celsius"),
        pytest.param(
            {"range": {"min": "-30", "max": "45"}},
            convert(np.linspace(20, 40, 50), "degC", "degF"),
            "degF",
            id="fahrenheit-as-celsius",
        ),
        pytest.param(
            {"sourceUnit": "degF"}, convert(CELSIUS, "degC", "K"), "K", id="kelvin-as-fahrenheit"
        ),
        pytest.param(
            {"unit": "mg/dL", "range": {"min": "40", "max": "400"}},
            np.linspace(3, 20, 50),
            "mmol/L",
            id="glucose",
        ),
        pytest.param(
            {"unit": "m", "range": {"min": "0.5", "max": "2.5"}},
            np.linspace(150, 200, 50),
            "cm",
            id="height",
        ),
    ],
)
def test_wrong_units_are_named(
    column: dict[str, object], raw: np.ndarray[tuple[int], np.dtype[np.float64]], suggested: str
) -> None:
    with pytest.raises(StageError, match=f"sourceUnit: {suggested}`,") as raised:
        refuse_wrong_unit(Column.model_validate(TEMPERATURE | column), raw, 0.2)
    assert raised.value.reason is StageReason.WRONG_UNIT


@pytest.mark.parametrize(
    ("column", "raw"),
    [
        pytest.param({}, CELSIUS, id="right-unit"),
        pytest.param({}, np.append(CELSIUS, [300.0] * 10), id="a-few-in-kelvin"),
        pytest.param({}, np.full(50, 9999.0), id="no-unit-explains-it"),
        pytest.param({"unit": "furlong"}, CELSIUS + 300, id="unknown-unit"),
        pytest.param({"range": None}, CELSIUS + 300, id="no-range"),
        pytest.param({}, np.full(9, np.nan), id="no-values"),
    ],
)
def test_no_suspicion(
    column: dict[str, object], raw: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> None:
    refuse_wrong_unit(Column.model_validate(TEMPERATURE | column), raw, 0.2)


@pytest.mark.parametrize(
    "units",
    [
        pytest.param({"unit": "degC", "sourceUnit": "mm"}, id="two-dimensions"),
        pytest.param({"unit": "degC", "sourceUnit": "furlong"}, id="unknown-unit"),
    ],
)
def test_impossible_conversions_are_refused(units: dict[str, str]) -> None:
    with pytest.raises(StageError, match="cannot convert") as raised:
        check_units(make_rules(columns=[{"name": "x"} | units]))
    assert raised.value.reason is StageReason.INVALID_INVOCATION
