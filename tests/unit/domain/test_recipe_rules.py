"""Contradictions between a Pipeline and its Dataset."""

from typing import Any

import pytest

from support.worlds import dataset, pipeline
from trimtab_operator.domain.recipe_rules import recipe_faults

DATA = dataset(
    columns=[
        {"name": "temperature"},
        {"name": "weather", "type": "Category"},
        {"name": "count", "role": "Source"},
    ],
    lags=[{"column": "count", "steps": [1]}],
).spec


def lever(op: str, **fields: Any) -> dict[str, Any]:
    return {"name": op.lower(), "op": op, **fields}


def faults(**spec: Any) -> list[str]:
    return [str(fault) for fault in recipe_faults(pipeline(**spec).spec, DATA)]


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({}, id="the defaults"),
        pytest.param({"levers": [lever("Select", columns=["weather", "count_lag1"])]}, id="select"),
        pytest.param(
            {
                "levers": [
                    lever("Project", components=2),
                    lever("Scale", columns=["project_1", "project_2"]),
                ]
            },
            id="components are features of the next lever",
        ),
        pytest.param({"triggers": [{"type": "Schedule", "cron": "0 3 * * MON"}]}, id="a schedule"),
    ],
)
def test_consistent(spec: dict[str, Any]) -> None:
    assert faults(**spec) == []


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(
            {"levers": [lever("Scale", columns=["rain"])]},
            "`spec.levers[scale].columns`: `rain` is no feature that op Scale can use here: "
            "temperature, count_lag1",
            id="an unknown column",
        ),
        pytest.param(
            {"levers": [lever("Scale", columns=["weather"])]},
            "`spec.levers[scale].columns`: `weather` is no feature that op Scale can use here: "
            "temperature, count_lag1",
            id="a text cannot be scaled",
        ),
        pytest.param(
            {
                "levers": [
                    lever("Select", columns=["temperature"]),
                    lever("Scale", columns=["count_lag1"]),
                ]
            },
            "`spec.levers[scale].columns`: `count_lag1` is no feature that op Scale can use here: "
            "temperature",
            id="a feature that an earlier lever dropped",
        ),
        pytest.param(
            {"levers": [lever("Project", components=3)]},
            "`spec.levers[project].components`: 3 components need as many columns, there are 2",
            id="more components than columns",
        ),
        pytest.param(
            {"levers": [lever("Scale"), lever("Scale")]},
            "`spec.levers`: `scale` is there 2 times; rename one",
            id="two levers of one name",
        ),
        pytest.param(
            {"triggers": [{"type": "Schedule", "cron": "0 25 * * *"}]},
            "`spec.triggers[0]`: cron '0 25 * * *': bad hour; write for example '0 3 * * *' and "
            "'Europe/Berlin'",
            id="no such hour",
        ),
        pytest.param(
            {"triggers": [{"type": "Schedule", "cron": "0 3 30 2 *"}]},
            "`spec.triggers[0]`: cron '0 3 30 2 *': bad day-of-month; write for example "
            "'0 3 * * *' and 'Europe/Berlin'",
            id="a day that never comes",
        ),
        pytest.param(
            {"triggers": [{"type": "NewSnapshot", "timezone": "Europe/Berlin"}]},
            "`spec.triggers[0].timezone`: belongs to type Schedule",
            id="a time zone of no time",
        ),
        pytest.param(
            {"model": {"dropout": "0.95"}},
            "`spec.model.dropout`: 0.95 must lie between 0 and 0.9",
            id="dropout of nearly all",
        ),
    ],
)
def test_fault(spec: dict[str, Any], expected: str) -> None:
    assert faults(**spec) == [expected]
