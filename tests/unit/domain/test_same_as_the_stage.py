"""The operator refuses exactly the ingest rules that the stage refuses, only sooner."""

from typing import Any

import pytest

from support.worlds import dataset
from trimtab_operator.domain.dataset_rules import dataset_faults
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError
from trimtab_stages.ingest.check import check_rules

COUNT = {"name": "count", "role": "Source"}
WEATHER = {"name": "weather", "type": "Category"}
ABOVE = {"name": "busy", "column": "count", "kind": "Above", "threshold": "100"}
BELOW = ABOVE | {"kind": "MinWithinBelow"}
GRID = {"column": "stamp", "grid": {"intervalSeconds": 300}}

RULES = [
    pytest.param({}, id="the smallest rules"),
    pytest.param({"lags": [{"column": "count", "steps": [1, 24]}]}, id="lags"),
    pytest.param({"lags": [{"column": "count", "steps": [0]}]}, id="a lag of no step"),
    pytest.param({"slopes": [{"column": "count", "steps": [3]}]}, id="a slope of the target"),
    pytest.param({"lags": [{"column": "rain", "steps": [1]}]}, id="a lag of nothing"),
    pytest.param({"columns": [{"name": "count"}]}, id="the target as a feature"),
    pytest.param({"columns": [COUNT]}, id="no features"),
    pytest.param({"columns": [COUNT], "cyclical": {"parts": ["HourOfDay"]}}, id="only a calendar"),
    pytest.param({"columns": [WEATHER, COUNT]}, id="a category"),
    pytest.param(
        {"columns": [WEATHER, COUNT], "slopes": [{"column": "weather", "steps": [1]}]},
        id="the slope of a text",
    ),
    pytest.param(
        {
            "columns": [WEATHER, COUNT],
            "missing": [{"columns": ["weather"], "strategy": "TrainMedian"}],
        },
        id="the median of a text",
    ),
    pytest.param({"target": BELOW}, id="a minimum over nothing"),
    pytest.param({"target": BELOW | {"horizonSteps": 6}}, id="a minimum over a horizon"),
    pytest.param(
        {"columns": [{"name": "count"}], "target": BELOW | {"horizonSteps": 6}},
        id="now is seen, later is predicted",
    ),
    pytest.param(
        {"target": {"name": "busy", "column": "count", "kind": "Value"}}, id="classes of a number"
    ),
    pytest.param({"target": ABOVE | {"name": "temperature"}}, id="a target named as a feature"),
    pytest.param({"target": ABOVE | {"name": "stamp"}}, id="a target named as the time"),
    pytest.param({"target": ABOVE | {"name": "count"}}, id="a target named as its column"),
    pytest.param(
        {"target": {"name": "busy", "column": "rain", "kind": "Above", "threshold": "1"}},
        id="a target of nothing",
    ),
    pytest.param({"time": {"column": "stamp", "timezone": "Berlin"}}, id="no such time zone"),
    pytest.param({"split": {"validation": "0.5", "test": "0.5"}}, id="no rows for training"),
    pytest.param({"columns": [{"name": "temperature"}] * 2 + [COUNT]}, id="a column twice"),
    pytest.param(
        {"columns": [{"name": "temperature", "availability": "After"}, COUNT]},
        id="a feature that is known too late",
    ),
    pytest.param(
        {"columns": [{"name": "temperature", "delaySeconds": 60}, COUNT]}, id="a delay of nothing"
    ),
    pytest.param(
        {
            "time": GRID,
            "columns": [
                {"name": "temperature"},
                COUNT | {"availability": "After", "delaySeconds": 601},
            ],
            "lags": [{"column": "count", "steps": [3]}],
        },
        id="a lag as long as the delay",
    ),
    pytest.param(
        {
            "time": GRID,
            "columns": [
                {"name": "temperature"},
                COUNT | {"availability": "After", "delaySeconds": 601},
            ],
            "lags": [{"column": "count", "steps": [2]}],
        },
        id="a lag shorter than the delay",
    ),
    pytest.param({"duplicates": {"key": ["stamp", "temperature"]}}, id="a key of two columns"),
    pytest.param({"duplicates": {"key": ["station"]}}, id="a key of nothing"),
]


@pytest.mark.parametrize("change", RULES)
def test_both_say_the_same(change: dict[str, Any]) -> None:
    spec = dataset(**change).spec

    assert bool(dataset_faults(spec)) is _stage_refuses(spec)


def _stage_refuses(spec: IngestRules) -> bool:
    try:
        check_rules(spec)
    except StageError:
        return True
    return False
