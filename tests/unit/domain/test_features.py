"""Names of the model inputs that rules make."""

from support.worlds import dataset
from trimtab_operator.domain.features import (
    calendar_features,
    category_features,
    numeric_features,
    uses,
)

SPEC = dataset(
    columns=[
        {"name": "temperature"},
        {"name": "weather", "type": "Category"},
        {"name": "holiday", "type": "Boolean"},
        {"name": "count", "role": "Source"},
        {"name": "person", "role": "Protected"},
        {"name": "stamp", "type": "Timestamp"},
    ],
    lags=[{"column": "count", "steps": [1, 24]}],
    slopes=[{"column": "count", "steps": [3]}],
    cyclical={"parts": ["HourOfDay"]},
).spec


def test_numeric_features_are_columns_lags_slopes_and_calendar() -> None:
    assert numeric_features(SPEC) == [
        "temperature",
        "holiday",
        "count_lag1",
        "count_lag24",
        "count_slope3",
        "hour_of_day_sin",
        "hour_of_day_cos",
    ]


def test_categories_are_apart() -> None:
    assert category_features(SPEC) == ["weather"]


def test_without_calendar_there_are_no_calendar_features() -> None:
    assert calendar_features(dataset().spec) == []


def test_what_features_see() -> None:
    seen = {use.feature: use.offsets for use in uses(SPEC)}

    assert seen["temperature"] == (0,)
    assert seen["count_lag24"] == (-24,)
    assert seen["count_slope3"] == (-3, 0)
