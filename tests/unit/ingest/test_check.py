from typing import Any

import pytest

from support.ingesting import make_rules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.check import check_rules

CATEGORY = [{"name": "x", "type": "Category", "role": "Source"}]
ABOVE = {"name": "y", "column": "x", "kind": "Above", "threshold": "0"}


def test_the_smallest_rules_pass() -> None:
    check_rules(make_rules())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        pytest.param({"target": ABOVE | {"column": "q"}}, "target.column: q is not", id="target"),
        pytest.param({"lags": [{"column": "q", "steps": [1]}]}, "lags[].column: q", id="lag"),
        pytest.param({"slopes": [{"column": "q", "steps": [1]}]}, "slopes[].column: q", id="slope"),
        pytest.param(
            {"missing": [{"columns": ["q"], "strategy": "DropRow"}]},
            "missing[].columns: q",
            id="missing",
        ),
        pytest.param({"duplicates": {"key": ["ts", "q"]}}, "duplicates.key: q", id="duplicates"),
        pytest.param({"columns": CATEGORY}, "x is a Category", id="lag-of-a-category"),
        pytest.param(
            {
                "columns": [*CATEGORY, {"name": "z"}],
                "lags": [],
                "missing": [{"columns": ["x"], "strategy": "TrainMedian"}],
                "target": {"name": "y", "column": "x", "kind": "Value"},
            },
            "missing[] TrainMedian: x is a Category",
            id="median-of-a-category",
        ),
        pytest.param(
            {"columns": [{"name": "x", "role": "Source", "categories": ["a"]}]},
            "only for type Category",
            id="categories-of-a-number",
        ),
        pytest.param(
            {"columns": [{"name": "x", "role": "Source", "sourceUnit": "K"}]},
            "unit must say",
            id="source-unit-alone",
        ),
        pytest.param({"lags": []}, "no column has role Feature", id="no-inputs"),
        pytest.param(
            {"columns": [{"name": "x", "role": "Source"}] * 2}, "declared twice", id="column-twice"
        ),
        pytest.param(
            {"columns": [{"name": "x", "role": "Source"}, {"name": "w", "sourceName": "x"}]},
            "2 columns are read from the source's x",
            id="header-twice",
        ),
        pytest.param(
            {"lags": [{"column": "x", "steps": [1, 1]}]},
            "x_lag1 is the name of two",
            id="lag-twice",
        ),
        pytest.param(
            {"target": ABOVE | {"name": "x_lag1"}}, "x_lag1 is the name of two", id="target-name"
        ),
        pytest.param(
            {"target": ABOVE | {"name": "x"}},
            "x is both a column of the source and",
            id="target-named-like-its-column",
        ),
        pytest.param(
            {"target": ABOVE | {"kind": "MinWithinBelow"}}, "needs at least 1", id="no-horizon"
        ),
        pytest.param(
            {"target": {"name": "y", "column": "x", "kind": "Above", "trainQuantile": "1.5"}},
            "within 0..1",
            id="quantile",
        ),
        pytest.param(
            {"target": {"name": "y", "column": "x", "kind": "Value"}},
            "must be a Category or Boolean",
            id="value-of-a-number",
        ),
        pytest.param(
            {"split": {"validation": "0.5", "test": "0.5"}}, "leave rows for training", id="split"
        ),
        pytest.param(
            {"columns": [{"name": "x", "role": "Source", "delaySeconds": 60}]},
            "only for availability After",
            id="delay-of-a-known-value",
        ),
        pytest.param(
            {
                "columns": [
                    {"name": "x", "role": "Source", "availability": "After", "delaySeconds": 60}
                ]
            },
            "needs time.grid",
            id="delay-without-a-grid",
        ),
        pytest.param(
            {"time": {"column": "ts", "timezone": "Mars/Olympus"}}, "Mars/Olympus", id="time-zone"
        ),
        pytest.param(
            {"cyclical": {"parts": ["HourOfDay"], "timezone": "Nowhere"}},
            "cyclical.timezone",
            id="cyclical-zone",
        ),
    ],
)
def test_contradictions(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StageError) as raised:
        check_rules(make_rules(**changes))
    assert raised.value.reason is StageReason.INVALID_INVOCATION
    assert message in raised.value.message


def test_all_faults_are_named_at_once() -> None:
    with pytest.raises(StageError, match=r"lags.*; .*leave rows for training"):
        check_rules(
            make_rules(
                lags=[{"column": "q", "steps": [1]}], split={"validation": "0.6", "test": "0.6"}
            )
        )
