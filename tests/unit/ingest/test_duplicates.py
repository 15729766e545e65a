from typing import Any

import numpy as np
import pytest

from support.ingesting import make_frame, make_rules
from trimtab_stages.ingest.duplicates import reject_duplicates, series_columns, series_of

ENTITY = [{"name": "x"}, {"name": "site", "type": "Category", "role": "Id"}]


@pytest.mark.parametrize(
    ("rule", "kept"),
    [
        pytest.param({}, [0, 1, 3], id="default-is-the-first-of-a-time"),
        pytest.param({"duplicates": {"key": ["ts"], "keep": "Last"}}, [0, 2, 4], id="last"),
        pytest.param({"duplicates": {"key": ["ts", "x"]}}, [0, 1, 2, 3], id="two-columns"),
        pytest.param({"duplicates": {"key": ["x"]}}, [0, 2], id="a-value-alone"),
    ],
)
def test_keeps_one_of_each_key(rule: dict[str, Any], kept: list[int]) -> None:
    frame = make_frame([0, 5, 5, 9, 9], x=[1, 1, np.nan, np.nan, np.nan])
    step = reject_duplicates(frame, make_rules(**rule))
    assert step.frame.source.tolist() == kept
    assert sorted([*kept, *step.rejected[0].source.tolist()]) == [0, 1, 2, 3, 4]


def test_first_means_source_order_not_array_order() -> None:
    frame = make_frame([5, 5], x=[1, 2]).take(np.array([1, 0]))
    assert reject_duplicates(frame, make_rules()).frame.source.tolist() == [0]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        pytest.param(["site", "ts"], ["site"], id="id-and-time"),
        pytest.param(["x", "ts"], [], id="a-measurement-is-no-entity"),
        pytest.param(["site"], [], id="without-time-every-row-is-its-own"),
    ],
)
def test_series_are_ids_beside_the_time(key: list[str], expected: list[str]) -> None:
    assert series_columns(make_rules(columns=ENTITY, duplicates={"key": key})) == expected


def test_rows_are_numbered_by_series() -> None:
    rules = make_rules(columns=ENTITY, duplicates={"key": ["site", "ts"]})
    frame = make_frame([0, 0, 1], x=[1, 1, 1], site=["b", "a", "b"])
    assert series_of(frame, rules).tolist() == [1, 0, 1]


def test_without_ids_there_is_one_series() -> None:
    assert series_of(make_frame([0, 1], x=[1, 2]), make_rules()).tolist() == [0, 0]
