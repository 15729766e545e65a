"""Which rule decides a window: value and significance, consecutive windows, hysteresis, order."""

from typing import Any

import pytest

from support.decisions import reading, rule, spec_of, window
from support.worlds import OTHER_DIGEST
from trimtab_operator.api.monitor_status import EvaluatedWindow
from trimtab_operator.domain.matched_rule import RuleMatch, match_rules
from trimtab_stages.contract.monitoring import DataFault


def match(
    rules: list[dict[str, Any]], *windows: EvaluatedWindow, before: tuple[str, ...] = ()
) -> RuleMatch:
    return match_rules(spec_of(rules=rules), windows, before)


def decides(found: RuleMatch) -> str:
    return found.rule.name if found.rule is not None else found.reason.value


@pytest.mark.parametrize(
    ("fields", "signals", "expected"),
    [
        pytest.param({}, {"quality": "0.051"}, "worse", id="above"),
        pytest.param({}, {"quality": "0.05"}, "NoRuleHolds", id="equal is not above"),
        pytest.param({"operator": "AtLeast"}, {"quality": "0.05"}, "worse", id="equal is at least"),
        pytest.param({}, {"quality": "0.049"}, "NoRuleHolds", id="below"),
        pytest.param({}, {"quality": None}, "NotMeasured", id="too few labels"),
        pytest.param(
            {"signal": "inputs", "value": "0.25"}, {"inputs": "0.3"}, "worse", id="drift needs none"
        ),
        pytest.param({"signal": "outputs"}, {}, "NotMeasured", id="a signal that was not asked"),
    ],
)
def test_a_value_passes(fields: dict[str, Any], signals: dict[str, Any], expected: str) -> None:
    assert decides(match([rule(**fields)], window(1, **signals))) == expected


@pytest.mark.parametrize(
    ("low", "expected"),
    [
        pytest.param("0.001", "worse", id="the whole interval is a drop"),
        pytest.param("0", "NoRuleHolds", id="the interval touches no drop"),
        pytest.param("-0.02", "NoRuleHolds", id="the interval contains no drop"),
        pytest.param(None, "NoRuleHolds", id="no interval"),
    ],
)
def test_a_drop_of_quality_must_be_no_chance(low: str | None, expected: str) -> None:
    bounds = {"low": low} if low is not None else {}
    found = window(1, signals=[reading("quality", "0.2", **bounds)])

    assert decides(match([rule()], found)) == expected


@pytest.mark.parametrize(
    ("whose", "words"),
    [
        pytest.param("TestSplit", "from 0.93 on the test split, asked", id="test split"),
        pytest.param(
            "FirstWindow", "from 0.93 in the version's first measured window, asked", id="first"
        ),
    ],
)
def test_a_decision_says_what_quality_is_compared_with(whose: str, words: str) -> None:
    compared = {"low": "0.01", "reference": "0.93", "referenceOf": whose}
    found = window(1, signals=[reading("quality", "0.2", **compared)])

    assert words in match([rule()], found).message


TWICE = [rule(forWindows=2)]
BAD, GOOD, SILENT = {"quality": "0.1"}, {"quality": "0"}, {"quality": None}


@pytest.mark.parametrize(
    ("history", "before", "expected", "holding"),
    [
        pytest.param([BAD], [], "NotSustained", [], id="once is not twice"),
        pytest.param([BAD, BAD], [], "worse", ["worse"], id="twice"),
        pytest.param([BAD, GOOD, BAD], [], "NotSustained", [], id="not in a row"),
        pytest.param([BAD, SILENT, BAD], [], "NotSustained", [], id="silence breaks the row"),
        pytest.param([BAD, BAD, GOOD], ["worse"], "NoRuleHolds", ["worse"], id="one good window"),
        pytest.param([BAD, GOOD, GOOD], ["worse"], "NoRuleHolds", [], id="two good windows clear"),
        pytest.param(
            [BAD, GOOD, SILENT], ["worse"], "NotMeasured", ["worse"], id="silence clears nothing"
        ),
        pytest.param([GOOD, BAD], ["worse"], "worse", ["worse"], id="it holds still, bad again"),
        pytest.param([GOOD], ["worse"], "NoRuleHolds", ["worse"], id="too few windows to clear"),
        pytest.param([GOOD, BAD], [], "NotSustained", [], id="it did not hold, bad once"),
    ],
)
def test_a_condition_begins_and_ends_after_as_many_windows(
    history: list[dict[str, Any]], before: list[str], expected: str, holding: list[str]
) -> None:
    windows = [window(number, **fields) for number, fields in enumerate(history, start=1)]
    found = match(TWICE, *windows, before=tuple(before))

    assert decides(found) == expected
    assert list(found.holding) == holding


def test_windows_of_another_version_do_not_count() -> None:
    windows = window(1, quality="0.1", digest=OTHER_DIGEST), window(2, quality="0.1")

    assert decides(match(TWICE, *windows)) == "NotSustained"


def test_windows_with_a_hole_between_them_do_not_count() -> None:
    assert decides(match(TWICE, window(1, quality="0.1"), window(3, quality="0.1"))) == (
        "NotSustained"
    )


HOLD = rule(name="feed", signal="faults", operator="AtLeast", value="1", outcome="HoldRetraining")


@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        pytest.param([HOLD, rule()], "feed", id="faults first"),
        pytest.param([rule(), HOLD], "worse", id="quality first"),
        pytest.param([], "NoRuleHolds", id="no rules"),
    ],
)
def test_the_first_rule_decides(rules: list[dict[str, Any]], expected: str) -> None:
    assert decides(match(rules, window(1, faults="2", quality="0.1"))) == expected


def test_retraining_is_held_until_the_faults_are_cleared() -> None:
    rules = [HOLD | {"forWindows": 2}, rule()]
    windows = [window(1, faults="1"), window(2, faults="1"), window(3, quality="0.1")]

    assert decides(match(rules, *windows, before=("feed",))) == "feed"
    windows.append(window(4, quality="0.1"))
    assert decides(match(rules, *windows, before=("feed",))) == "worse"


@pytest.mark.parametrize(
    ("fields", "signals", "words"),
    [
        pytest.param(
            {},
            {"quality": "0.1"},
            "Rule `worse`: signal `quality` is 0.1 (0.01 to 0.2, 500 samples), asked is above "
            "0.05.",
            id="it decides",
        ),
        pytest.param(
            {"forWindows": 2},
            {"quality": "0.1"},
            "Rule `worse`: signal `quality` is 0.1 (0.01 to 0.2, 500 samples), asked is above "
            "0.05; so far in 1 of 2 windows.",
            id="not yet",
        ),
        pytest.param(
            {},
            {"quality": None},
            "Rule `worse`: signal `quality` is Insufficient with 500 samples.",
            id="not measured",
        ),
        pytest.param(
            {"signal": "outputs"},
            {},
            "Rule `worse`: signal `outputs` was not asked of this window.",
            id="not asked",
        ),
    ],
)
def test_the_message_has_the_numbers(
    fields: dict[str, Any], signals: dict[str, Any], words: str
) -> None:
    assert match([rule(**fields)], window(1, **signals)).message == words


FAULTS = [
    {"kind": "UnitChange", "feature": "tmax", "message": "degF"},
    {"kind": "ClockSkew", "message": "late"},
]


def test_a_rule_that_holds_retraining_names_the_faults() -> None:
    found = match([HOLD, rule()], damaged())

    assert found.message == (
        "Rule `feed`: signal `faults` is 2 (500 samples), asked is at least 1; found are "
        "UnitChange of tmax, ClockSkew."
    )


def damaged() -> EvaluatedWindow:
    return window(1, faults="2").model_copy(
        update={"faults": [DataFault.model_validate(fault) for fault in FAULTS]}
    )
