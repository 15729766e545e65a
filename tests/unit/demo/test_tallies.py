"""Whether status, metrics and runs tell of the same decisions."""

from dataclasses import replace
from typing import Any

import pytest

from demo.loop import Hop
from demo.scenario import bike_scenario
from demo.tallies import (
    Retrains,
    Suppressions,
    other_causes,
    own_runs,
    retrains_bar,
    suppressed,
    suppressed_after,
)

Body = dict[str, Any]


def run(minute: int, trigger: str, *causes: str) -> Body:
    return {
        "metadata": {
            "name": f"run-{minute}",
            "creationTimestamp": f"2026-11-22T10:{minute:02}:00Z",
        },
        "spec": {
            "pipeline": "bikes",
            "trigger": trigger,
            "triggerId": causes[0],
            "causes": list(causes),
            "triggerMessage": f"because of {causes[0]}",
        },
    }


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


VERDICT = run(1, "Verdict", "v-1")
BY_SNAPSHOT = "run run-2 was started by NewSnapshot, no window's verdict"


@pytest.mark.parametrize(
    ("decided", "kept", "started", "foreign", "told"),
    [
        pytest.param(["v-1"], ["v-1"], [VERDICT], [], [], id="one each"),
        pytest.param([], [], [], [], [], id="none"),
        pytest.param(
            ["v-1"], ["v-1"], [run(1, "Verdict", "v-1", "s-2")], [], [],
            id="with a new snapshot in the same run",
        ),
        pytest.param(
            ["v-1"], ["v-1"], [], [], ["retrain v-1 has 0 runs, not 1"], id="no run"
        ),
        pytest.param(
            ["v-1"], ["v-1"], [VERDICT, run(2, "Verdict", "v-1")], [],
            ["retrain v-1 has 2 runs, not 1"],
            id="two runs",
        ),
        pytest.param(
            ["v-1", "v-2"], ["v-1", "v-2"], [run(1, "Verdict", "v-1", "v-2")], [],
            ["run run-1 serves 2 retrains, not 1"],
            id="one run of two decisions",
        ),
        pytest.param(
            [], ["a-1"], [run(2, "Verdict", "a-1")],
            ["run run-2 was started by Verdict, no window's verdict"],
            ["run run-2 serves 0 retrains, not 1", "no window's retrain is a-1"],
            id="accepted by a person",
        ),
        pytest.param(
            ["v-1"], [], [VERDICT], [], ["retrain v-1 is not in the status"],
            id="one that the status does not keep",
        ),
        pytest.param(
            ["v-1"], ["v-1"], [VERDICT, run(2, "NewSnapshot", "s-2")], [BY_SNAPSHOT],
            ["run run-2 serves 0 retrains, not 1"],
            id="by a new snapshot alone",
        ),
        pytest.param(
            ["v-1"], ["v-1"], [run(3, "Request", "r-1", "v-1")],
            ["run run-3 was started by Request, no window's verdict"], [],
            id="by hand, before the verdict's own",
        ),
    ],
)  # fmt: skip
def test_each_decision_to_retrain_has_started_one_run(
    decided: list[str], kept: list[str], started: list[Body], foreign: list[str], told: list[str]
) -> None:
    hops = [Hop(3, "Retrain", "", {"triggerId": trigger}) for trigger in decided]
    status = {"retrains": [{"triggerId": trigger} for trigger in kept]}
    found = Retrains.of([Hop(0, "Wait", ""), *hops], status, [FIRST, *started])

    assert found.not_by_verdict() == foreign
    assert found.not_by_verdict_bar().met is not bool(foreign)
    assert found.unmatched() == told
    assert found.unmatched_bar().met is (found.happened and not told)


def test_runs_are_those_of_the_pipeline_in_order() -> None:
    foreign = run(2, "Verdict", "v-9") | {"spec": FIRST["spec"] | {"pipeline": "trams"}}

    assert own_runs([VERDICT, foreign, FIRST], "bikes") == [FIRST, VERDICT]


@pytest.mark.parametrize(
    ("started", "line"),
    [
        pytest.param(0, "nan 3 short # nothing was retrained", id="none"),
        pytest.param(3, "3 3 ok", id="as many as allowed"),
        pytest.param(4, "4 3 short", id="too many"),
    ],
)
def test_bike_share_must_be_retrained(started: int, line: str) -> None:
    assert str(retrains_bar(started, bike_scenario())) == f"bar retrains {line}"


def test_where_it_need_not_be_retrained_none_is_well() -> None:
    free = replace(bike_scenario(), must_retrain=False, most_retrains=1)

    assert [retrains_bar(started, free).met for started in (0, 1, 2)] == [True, True, False]


def test_runs_of_no_verdict_are_told_with_their_cause() -> None:
    assert other_causes([FIRST, VERDICT, run(5, "Request", "r-1")]) == [
        ("run-0", "NewSnapshot: because of s-1"),
        ("run-5", "Request: because of r-1"),
    ]


def test_without_any_run_none_is_well() -> None:
    assert not Retrains.of([], {}, []).not_by_verdict_bar().met
