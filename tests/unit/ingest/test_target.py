"""Targets against a plain reading of their definition, row by row."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ingesting import NAN, make_frame
from trimtab_stages.contract.ingest import Target
from trimtab_stages.ingest.frame import Frame
from trimtab_stages.ingest.target import UNKNOWN, build_labels, max_ahead, takes_part

FAR = 10**18


def target(kind: str, **fields: Any) -> Target:
    return Target.model_validate({"name": "y", "column": "x", "kind": kind} | fields)


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        pytest.param(target("Above", threshold="3"), [0, 1, 0, UNKNOWN, 0, 1], id="above-now"),
        pytest.param(
            target("Above", threshold="3", horizonSteps=1),
            [1, 0, UNKNOWN, UNKNOWN, 1, UNKNOWN],
            id="above-next",
        ),
        pytest.param(
            target("MinWithinBelow", threshold="2", horizonSteps=2),
            [1, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN],
            id="min-of-the-next-two",
        ),
        pytest.param(
            target("MaxWithinAbove", threshold="4", horizonSteps=1),
            [1, 0, UNKNOWN, UNKNOWN, 1, UNKNOWN],
            id="max-of-the-next-one",
        ),
        pytest.param(
            target("Above", trainQuantile="0.5"), [0, 1, 0, UNKNOWN, 0, 1], id="above-the-median"
        ),
    ],
)
def test_numeric_targets(rule: Target, expected: list[int]) -> None:
    frame = make_frame([0, 1, 2, 3, 0, 1], series=[0, 0, 0, 0, 1, 1], x=[3, 5, 1, NAN, 2, 9])
    labels = build_labels(frame, rule, FAR)
    assert labels.index.tolist() == expected
    assert labels.classes == ("0", "1")


def test_the_threshold_itself_is_not_above() -> None:
    labels = build_labels(make_frame([0, 1], x=[3, 3.1]), target("Above", threshold="3"), FAR)
    assert labels.index.tolist() == [0, 1]


def test_the_quantile_knows_only_the_training_split() -> None:
    frame = make_frame([0, 1, 2, 3], x=[1, 3, 100, 200])
    labels = build_labels(frame, target("Above", trainQuantile="0.5"), 2 * 10**9)
    assert labels.threshold == 2.0
    assert labels.index.tolist() == [0, 1, 1, 1]


def test_categories_become_class_indices() -> None:
    frame = make_frame([0, 1, 2, 3], x=["cat", "ant", None, "cat"])
    labels = build_labels(frame, target("Value"), FAR)
    assert labels.classes == ("ant", "cat")
    assert labels.index.tolist() == [1, 0, UNKNOWN, 1]


def test_names_that_no_row_has_any_more_are_no_class() -> None:
    frame = make_frame([0, 1, 2], x=["b", "a", "c"]).take(np.array([0, 2]))
    labels = build_labels(frame, target("Value"), FAR)
    assert labels.classes == ("b", "c")
    assert labels.index.tolist() == [0, 1]


def test_booleans_are_binary_and_can_come_from_the_future() -> None:
    labels = build_labels(make_frame([0, 1, 2], x=[1, 0, 1]), target("Value", horizonSteps=1), FAR)
    assert labels.classes == ("0", "1")
    assert labels.index.tolist() == [0, 1, UNKNOWN]


def test_the_labels_end_is_the_time_of_its_last_value() -> None:
    frame = make_frame([0, 10, 20, 0], series=[0, 0, 0, 1], x=[1, 2, 3, 4])
    ends = build_labels(frame, target("Above", threshold="0", horizonSteps=2), FAR).end_ns
    assert ends[0] == 20 * 10**9
    assert (ends[1:] == np.iinfo(np.int64).max).all()


def test_when_selects_rows_by_the_value_now() -> None:
    rule = target("Above", threshold="0", when={"min": "70", "max": "90"})
    frame = make_frame([0, 1, 2, 3, 4], x=[69, 70, 90, 91, NAN])
    assert takes_part(frame, rule).tolist() == [False, True, True, False, False]


def maximum_by_definition(frame: Frame, values: Sequence[float], steps: int) -> list[float]:
    rows = []
    for row in range(len(values)):
        window = range(row + 1, row + steps + 1)
        inside = [j for j in window if j < len(values) and frame.segment[j] == frame.segment[row]]
        seen = [values[j] for j in inside]
        rows.append(max(seen) if len(seen) == steps and not np.isnan(seen).any() else NAN)
    return rows


@given(
    values=st.lists(st.one_of(st.floats(-9, 9), st.just(NAN)), min_size=1, max_size=30),
    steps=st.integers(1, 9),
    cut=st.integers(0, 30),
)
def test_windows_follow_their_definition(values: list[float], steps: int, cut: int) -> None:
    series = [int(row >= cut) for row in range(len(values))]
    frame = make_frame(list(range(len(values))), series=series, x=values)
    got = max_ahead(np.array(values), steps, frame)
    np.testing.assert_array_equal(got, maximum_by_definition(frame, values, steps))
