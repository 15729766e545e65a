"""Whether status, metrics and runs tell of the same decisions."""

from typing import Any

import pytest

from demo.loop import Hop
from demo.tallies import (
    Suppressions,
    by_hand,
    by_hand_bar,
    other_causes,
    suppressed,
    suppressed_after,
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


NONE_YET = {"Cooldown": 0.0, "InFlight": 0.0}


def test_suppressed_retrains_are_read_by_reason() -> None:
    status = {
        "suppressed": [{"reason": "Cooldown", "count": 2}, {"reason": "InFlight", "count": 1}]
    }
    outcomes = [("Suppress", "Cooldown"), ("Wait", "NoRuleHolds"), ("Suppress", "Cooldown")]
    hops = [
        Hop(number, outcome, "", {"reason": reason})
        for number, (outcome, reason) in enumerate(outcomes)
    ]

    assert suppressed(status) == {"Cooldown": 2, "InFlight": 1}
    assert suppressed({}) == {}
    assert suppressed_after(hops) == {"Cooldown": 2}


@pytest.mark.parametrize(
    ("status", "decisions", "metrics", "line"),
    [
        pytest.param(
            {"Cooldown": 2}, {"Cooldown": 2}, NONE_YET | {"Cooldown": 2.0}, "0 0 ok", id="alike"
        ),
        pytest.param(
            {"Cooldown": 2}, {"Cooldown": 2}, NONE_YET | {"InFlight": 2.0}, "4 0 short",
            id="as many of another reason",
        ),
        pytest.param(
            {"Cooldown": 2}, {"Cooldown": 1}, NONE_YET | {"Cooldown": 2.0}, "1 0 short",
            id="one that no window had",
        ),
        pytest.param({}, {}, NONE_YET, "0 0 ok", id="there was none"),
        pytest.param(
            {}, {}, {}, "nan 0 short # Prometheus has no series of it", id="nothing counts"
        ),
    ],
)  # fmt: skip
def test_status_decisions_and_metrics_count_alike_by_reason(
    status: dict[str, float], decisions: dict[str, float], metrics: dict[str, float], line: str
) -> None:
    found = Suppressions(status, decisions, metrics)

    assert str(found.bar()) == f"bar uncounted-suppressions {line}"
    assert bool(found.lines()) is ("short" in line and bool(metrics))


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
