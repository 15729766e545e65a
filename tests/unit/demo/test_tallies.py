"""Whether status, metrics and runs tell of the same decisions."""

import math
from typing import Any

import pytest

from demo.tallies import (
    by_hand,
    by_hand_bar,
    other_causes,
    suppressed,
    uncounted_bar,
    unmatched,
    unmatched_bar,
)

Body = dict[str, Any]


def run(minute: int, trigger: str, *causes: str) -> Body:
    return {
        "metadata": {
            "name": f"run-{minute}",
            "creationTimestamp": f"2026-11-22T10:{minute:02}:00Z",
        },
        "spec": {
            "trigger": trigger,
            "triggerId": causes[0],
            "causes": list(causes),
            "triggerMessage": f"because of {causes[0]}",
        },
    }


def retrain(trigger: str, state: str = "Passed") -> Body:
    return {"triggerId": trigger, "state": state}


FIRST = run(0, "NewSnapshot", "s-1")


@pytest.mark.parametrize(
    ("status", "count"),
    [
        pytest.param({}, 0, id="never"),
        pytest.param({"suppressed": [{"reason": "Cooldown", "count": 2}]}, 2, id="one reason"),
        pytest.param(
            {"suppressed": [{"reason": "A", "count": 2}, {"reason": "B", "count": 3}]},
            5,
            id="two reasons",
        ),
    ],
)
def test_suppressed_retrains_are_summed_over_reasons(status: Body, count: int) -> None:
    assert suppressed(status) == count


@pytest.mark.parametrize(
    ("told", "counted", "line"),
    [
        pytest.param(3, 3.0, "0 0 ok", id="all counted"),
        pytest.param(3, 1.0, "2 0 short", id="two not counted"),
        pytest.param(1, 3.0, "2 0 short", id="two counted that were none"),
        pytest.param(0, 0.0, "0 0 ok", id="there was none"),
        pytest.param(
            0, math.nan, "nan 0 short # Prometheus has no series of it", id="nothing counts"
        ),
    ],
)
def test_metrics_count_what_the_status_says(told: int, counted: float, line: str) -> None:
    assert str(uncounted_bar(told, counted)) == f"bar uncounted-suppressions {line}"


@pytest.mark.parametrize(
    ("retrains", "runs", "told"),
    [
        pytest.param([retrain("v-1")], [FIRST, run(1, "Verdict", "v-1")], [], id="one each"),
        pytest.param(
            [retrain("v-1")], [FIRST, run(1, "Verdict", "v-1", "s-2")], [], id="a shared run"
        ),
        pytest.param(
            [retrain("v-1")], [FIRST], ["retrain v-1 has 0 runs, not 1"], id="no run"
        ),
        pytest.param(
            [retrain("v-1")],
            [run(1, "Verdict", "v-1"), run(2, "Verdict", "v-1")],
            ["retrain v-1 has 2 runs, not 1"],
            id="two runs",
        ),
        pytest.param(
            [retrain("v-1")],
            [run(1, "Verdict", "v-1"), run(2, "Verdict", "v-2")],
            ["run run-2 is no retrain's"],
            id="a run too many",
        ),
        pytest.param([retrain("v-1", "Withdrawn")], [FIRST], [], id="withdrawn"),
        pytest.param(
            [retrain("v-1", "Withdrawn")],
            [run(1, "Verdict", "v-1")],
            ["retrain v-1 has 1 runs, not 0"],
            id="withdrawn and run all the same",
        ),
    ],
)  # fmt: skip
def test_each_retrain_has_one_run(retrains: list[Body], runs: list[Body], told: list[str]) -> None:
    assert unmatched(retrains, runs) == told
    assert unmatched_bar(retrains, runs).value == len(told)


def test_without_a_retrain_nothing_is_matched() -> None:
    assert str(unmatched_bar([], [FIRST])).endswith("short # nothing was retrained")


@pytest.mark.parametrize(
    ("runs", "told"),
    [
        pytest.param([FIRST, run(1, "Verdict", "v-1")], [], id="none"),
        pytest.param([run(0, "Request", "r-0"), run(1, "Verdict", "v-1")], [], id="the first"),
        pytest.param(
            [run(5, "Request", "r-1"), FIRST], ["run run-5 was asked for by a person"], id="a later"
        ),
    ],
)
def test_no_run_after_the_first_is_asked_for_by_a_person(runs: list[Body], told: list[str]) -> None:
    assert by_hand(runs) == told
    assert by_hand_bar(runs).met is not bool(told)


def test_runs_of_no_verdict_are_told_with_their_cause() -> None:
    runs = [run(5, "Request", "r-1"), run(1, "Verdict", "v-1"), FIRST]

    assert other_causes(runs) == [
        ("run-0", "NewSnapshot: because of s-1"),
        ("run-5", "Request: because of r-1"),
    ]


def test_without_any_run_none_is_well() -> None:
    assert not by_hand_bar([]).met
