from typing import Any

import numpy as np
import pytest

from support.ingesting import NAN, make_frame, make_rules
from trimtab_stages.ingest.frame import NO_SOURCE
from trimtab_stages.ingest.missing import fill_missing

FEATURE = [{"name": "x"}, {"name": "z", "role": "Source"}]
FAR = 10**18


@pytest.mark.parametrize(
    ("rule", "expected", "rejected"),
    [
        pytest.param([], [1, NAN, NAN, 4, NAN], [1, 2, 4], id="default-rejects"),
        pytest.param(
            [{"columns": ["x"], "strategy": "ForwardFill"}],
            [1, 1, NAN, 4, 4],
            [2],
            id="forward-fill-one-row-by-default",
        ),
        pytest.param(
            [{"columns": ["x"], "strategy": "ForwardFill", "maxConsecutive": 2}],
            [1, 1, 1, 4, 4],
            [],
            id="forward-fill-two-rows",
        ),
        pytest.param(
            [{"columns": ["x"], "strategy": "Constant", "value": "-1.5"}],
            [1, -1.5, -1.5, 4, -1.5],
            [],
            id="constant",
        ),
        pytest.param(
            [{"columns": ["x"], "strategy": "TrainMedian"}],
            [1, 2.5, 2.5, 4, 2.5],
            [],
            id="train-median",
        ),
        pytest.param(
            [
                {"columns": ["x"], "strategy": "ForwardFill"},
                {"columns": ["x"], "strategy": "Constant", "value": "0"},
            ],
            [1, 1, 0, 4, 4],
            [],
            id="rules-act-in-order",
        ),
        pytest.param(
            [
                {"columns": ["z"], "strategy": "DropRow"},
                {"columns": ["x"], "strategy": "TrainMedian"},
            ],
            [1, 4, 4, 4, 4],
            [0],
            id="a-dropped-row-is-no-part-of-the-median",
        ),
    ],
)
def test_strategies(rule: list[dict[str, Any]], expected: list[float], rejected: list[int]) -> None:
    frame = make_frame([0, 1, 2, 3, 4], x=[1, NAN, NAN, 4, NAN], z=[NAN, 0, 0, 0, 0])
    step = fill_missing(frame, make_rules(columns=FEATURE, missing=rule), FAR)
    np.testing.assert_array_equal(step.frame.numbers["x"], expected)
    assert sorted(row for held in step.rejected for row in held.source.tolist()) == rejected
    assert np.flatnonzero(step.frame.source == NO_SOURCE).tolist() == rejected


def test_the_median_knows_nothing_of_later_splits() -> None:
    rules = make_rules(columns=FEATURE, missing=[{"columns": ["x"], "strategy": "TrainMedian"}])
    frame = make_frame([0, 1, 2, 3], x=[1, NAN, 100, 200], z=[0, 0, 0, 0])
    step = fill_missing(frame, rules, 2 * 10**9)
    assert step.frame.numbers["x"][1] == 1


def test_nothing_is_carried_into_another_segment() -> None:
    rules = make_rules(
        columns=FEATURE,
        missing=[{"columns": ["x"], "strategy": "ForwardFill", "maxConsecutive": 9}],
    )
    frame = make_frame([0, 1, 0, 1], series=[0, 0, 1, 1], x=[5, NAN, NAN, 7], z=[0] * 4)
    np.testing.assert_array_equal(
        fill_missing(frame, rules, FAR).frame.numbers["x"], [5, 5, NAN, 7]
    )


def test_the_grids_gap_limit_is_the_default_run() -> None:
    rules = make_rules(
        columns=FEATURE,
        time={"column": "ts", "grid": {"intervalSeconds": 1, "maxGapSeconds": 3}},
        missing=[{"columns": ["x"], "strategy": "ForwardFill"}],
    )
    frame = make_frame([0, 1, 2, 3, 4], x=[5, NAN, NAN, NAN, NAN], z=[0] * 5)
    np.testing.assert_array_equal(
        fill_missing(frame, rules, FAR).frame.numbers["x"], [5, 5, 5, 5, NAN]
    )


def test_categories_are_carried_on() -> None:
    columns = [{"name": "x"}, {"name": "c", "type": "Category"}]
    rules = make_rules(columns=columns, missing=[{"columns": ["c"], "strategy": "ForwardFill"}])
    frame = make_frame([0, 1], x=[1, 1], c=["a", None])
    assert fill_missing(frame, rules, FAR).frame.categories["c"].codes.tolist() == [0, 0]


def test_the_reason_names_every_missing_input() -> None:
    rules = make_rules(columns=[{"name": "x"}, {"name": "w"}, {"name": "z", "role": "Source"}])
    frame = make_frame([0], x=[NAN], w=[NAN], z=[NAN])
    assert fill_missing(frame, rules, FAR).rejected[-1].reasons == ("no value in x, w",)


def test_an_empty_grid_point_is_never_rejected() -> None:
    frame = make_frame([0, 1], x=[1, NAN], z=[0, 0])
    frame.source[1] = NO_SOURCE
    assert fill_missing(frame, make_rules(columns=FEATURE), FAR).rejected[-1].source.tolist() == []
