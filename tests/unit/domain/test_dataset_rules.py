"""Contradictions in a Dataset, each with its field and the next step."""

from typing import Any

import pytest

from support.worlds import dataset
from trimtab_operator.domain.dataset_rules import dataset_faults

COUNT = {"name": "count", "role": "Source"}
WEATHER = {"name": "weather", "type": "Category"}
VALUE = {"name": "busy", "column": "count", "kind": "Value"}

FAULTS = [
    pytest.param(
        {"source": {"uri": "s3://other/rows.csv"}},
        "`spec.source.uri`: 's3://other/rows.csv' must be relative to the namespace's bucket, "
        "without `..`, for example 'raw/rows.csv'",
        id="a foreign bucket",
    ),
    pytest.param(
        {"time": {"column": "stamp", "timezone": "Berlin"}},
        "`spec.time.timezone`: time zone 'Berlin' is not in the IANA data base; write for example "
        "'UTC' or 'Europe/Berlin'",
        id="no such time zone",
    ),
    pytest.param(
        {"time": {"column": "stamp", "format": "ISO"}},
        "`spec.time.format`: 'ISO' is no pattern; write EpochMillis, EpochSeconds, ISO8601 or for "
        "example '%d/%m/%Y %H:%M'",
        id="no such time format",
    ),
    pytest.param(
        {"missing": [{"columns": ["rain"], "strategy": "DropRow"}]},
        "`spec.missing[0].columns`: column `rain` is not in `spec.columns`; declare it, or correct "
        "the name",
        id="an undeclared column",
    ),
    pytest.param(
        {"columns": [WEATHER, COUNT], "slopes": [{"column": "weather", "steps": [1]}]},
        "`spec.slopes[0].column`: column `weather` is a Category; only numbers can be used here",
        id="the slope of a text",
    ),
    pytest.param(
        {"columns": [COUNT]},
        "`spec.columns`: no column has role Feature, so there are no model inputs",
        id="no model inputs",
    ),
    pytest.param(
        {"columns": [WEATHER, {"name": "count", "role": "Source", "delaySeconds": 60}]},
        "`spec.columns[count].delaySeconds`: belongs to availability After",
        id="a delay of a value that is known at once",
    ),
    pytest.param(
        {"columns": [{"name": "a", "range": {"min": "2", "max": "1"}}, COUNT]},
        "`spec.columns[a].range`: `min` 2 must not be above `max` 1",
        id="an empty range",
    ),
    pytest.param(
        {"columns": [{"name": "busy"}, COUNT]},
        "`spec`: `busy` would name two columns of the snapshot; rename one",
        id="a feature named as the target",
    ),
    pytest.param(
        {"columns": [{"name": "a"}, {"name": "a"}, COUNT]},
        "`spec.columns`: column `a` is declared 2 times",
        id="a column declared twice",
    ),
    pytest.param(
        {"target": VALUE},
        "`spec.target.kind`: kind Value needs column `count` to have type Category or Boolean",
        id="classes of a number",
    ),
    pytest.param(
        {"target": VALUE | {"kind": "MinWithinBelow", "threshold": "3"}},
        "`spec.target.horizonSteps`: kind MinWithinBelow needs at least 1",
        id="a minimum over nothing",
    ),
    pytest.param(
        {"split": {"validation": "0.5", "test": "0.5"}},
        "`spec.split`: `validation` and `test` together must be below 1",
        id="no rows for training",
    ),
    pytest.param(
        {"maxQuarantinedFraction": "1.5"},
        "`spec.maxQuarantinedFraction`: 1.5 must lie between 0 and 1",
        id="a share above 1",
    ),
]


def test_the_smallest_dataset_is_consistent() -> None:
    assert dataset_faults(dataset().spec) == []


@pytest.mark.parametrize(("change", "expected"), FAULTS)
def test_fault(change: dict[str, Any], expected: str) -> None:
    assert expected in [str(fault) for fault in dataset_faults(dataset(**change).spec)]
