"""Derived features, and the proof that none of them sees the future."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.ingesting import NAN, make_frame, make_rules
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest import features
from trimtab_stages.ingest.features import History
from trimtab_stages.ingest.frame import Numbers, Whole
from trimtab_stages.ingest.lags import lag, slope

Derive = Callable[[IngestRules, History], dict[str, Numbers]]
ONE = np.zeros(5, np.int64)
RULES = make_rules(
    columns=[{"name": "x", "role": "Source"}],
    cyclical={"parts": ["HourOfDay"]},
    lags=[{"column": "x", "steps": [0, 1, 3]}],
    slopes=[{"column": "x", "steps": [2]}],
    target={"name": "y", "column": "x", "kind": "Above", "threshold": "0", "horizonSteps": 2},
)


@pytest.mark.parametrize(
    ("steps", "segment", "expected"),
    [
        pytest.param(0, [0, 0, 0, 0, 0], [1, 2, 3, 4, 5], id="now"),
        pytest.param(2, [0, 0, 0, 0, 0], [NAN, NAN, 1, 2, 3], id="two-back"),
        pytest.param(1, [0, 0, 1, 1, 1], [NAN, 1, NAN, 3, 4], id="not-across-segments"),
        pytest.param(5, [0, 0, 0, 0, 0], [NAN] * 5, id="as-long-as-the-history"),
        pytest.param(9, [0, 0, 0, 0, 0], [NAN] * 5, id="longer-than-the-history"),
    ],
)
def test_lags(steps: int, segment: list[int], expected: list[float]) -> None:
    values = np.array([1.0, 2, 3, 4, 5])
    np.testing.assert_array_equal(lag(values, steps, np.array(segment)), expected)


def test_slopes_are_per_step() -> None:
    values = np.array([0.0, 1, 4, 9, 16])
    np.testing.assert_array_equal(slope(values, 2, ONE), [NAN, NAN, 2, 4, 6])


def test_a_missing_value_makes_its_lags_missing() -> None:
    values = np.array([1.0, NAN, 3, 4, 5])
    np.testing.assert_array_equal(lag(values, 1, ONE), [NAN, 1, NAN, 3, 4])


def assert_causal(derive: Derive, history: History, row: int) -> None:
    """Fail if changing the values after `row` changes a feature at or before it."""
    changed = history.numbers["x"].copy()
    changed[row + 1 :] = changed[row + 1 :] * -3 - 17
    before = derive(RULES, history)
    after = derive(RULES, History(history.time_ns, {"x": changed}, history.segment))
    for name, values in before.items():
        np.testing.assert_array_equal(values[: row + 1], after[name][: row + 1], err_msg=name)


def random_history(rows: int, seed: int) -> History:
    generator = np.random.default_rng(seed)
    segment = np.cumsum(generator.random(rows) < 0.1).astype(np.int64)
    return History(np.arange(rows) * 10**9, {"x": generator.normal(size=rows)}, segment)


@given(rows=st.integers(2, 40), row=st.integers(0, 39), seed=st.integers(0, 2**32 - 1))
def test_no_feature_sees_the_future(rows: int, row: int, seed: int) -> None:
    assert_causal(features.derive, random_history(rows, seed), min(row, rows - 1))


def test_the_check_notices_data_shifted_by_one_row() -> None:
    def shifted(rules: IngestRules, history: History) -> dict[str, Numbers]:
        early = np.append(history.numbers["x"][1:], NAN)
        return features.derive(rules, History(history.time_ns, {"x": early}, history.segment))

    with pytest.raises(AssertionError, match="x_lag0"):
        assert_causal(shifted, random_history(20, 1), 10)


def test_a_client_computes_the_training_rows_features() -> None:
    training = random_history(50, 3)
    whole = History(training.time_ns, training.numbers)
    expected = features.derive(RULES, whole)
    recent = slice(20, 31)
    request = History(training.time_ns[recent], {"x": training.numbers["x"][recent]})
    for name, values in features.derive(RULES, request).items():
        assert values[-1] == expected[name][30], name


def test_inputs_come_in_tensor_order() -> None:
    columns: list[dict[str, Any]] = [
        {"name": "c", "type": "Category"},
        {"name": "a", "unit": "mm", "description": "rain", "range": {"min": "0"}},
        {"name": "flag", "type": "Boolean"},
        {"name": "src", "role": "Source", "unit": "K"},
        {"name": "who", "type": "Category", "role": "Id"},
        {"name": "sex", "type": "Category", "role": "Protected"},
    ]
    rules = make_rules(
        columns=columns,
        cyclical={"parts": ["DayOfWeek"]},
        lags=[{"column": "src", "steps": [2]}],
        slopes=[{"column": "src", "steps": [3]}],
        target={"name": "y", "column": "src", "kind": "Above", "threshold": "0"},
    )
    frame = make_frame([0, 1], c=["q", "p"])
    listed = features.feature_list(frame, rules)
    assert [feature.name for feature in listed] == [
        "a",
        "flag",
        "day_of_week_sin",
        "day_of_week_cos",
        "src_lag2",
        "src_slope3",
        "c",
    ]
    assert listed[0].unit == "mm"
    assert listed[0].description == "rain"
    assert listed[4].derived_from == "src"
    assert [listed[4].unit, listed[5].unit] == ["K", "K per step"]
    assert (listed[-1].kind, listed[-1].categories) == ("Categorical", ["p", "q"])


def test_categories_are_those_of_the_training_rows() -> None:
    rules = make_rules(columns=[{"name": "x", "role": "Source"}, {"name": "c", "type": "Category"}])
    frame = make_frame([0, 1, 2], c=["b", "a", "late"])
    training = frame.take(np.array([0, 1]))
    assert features.feature_list(training, rules)[-1].categories == ["a", "b"]


@pytest.mark.parametrize(
    "texts",
    [
        pytest.param([f"name {n}" for n in range(600)], id="too-many"),
        pytest.param(["short", "long" * 99], id="too-long"),
    ],
)
def test_free_text_is_no_category(texts: list[str]) -> None:
    rules = make_rules(columns=[{"name": "x", "role": "Source"}, {"name": "c", "type": "Category"}])
    with pytest.raises(StageError, match="column c has") as raised:
        features.feature_list(make_frame(list(range(len(texts))), c=texts), rules)
    assert raised.value.reason is StageReason.VALIDATION_FAILED


def test_segments_default_to_one() -> None:
    history = History(np.arange(3), {})
    segments: Whole = history.segments()
    assert segments.tolist() == [0, 0, 0]
