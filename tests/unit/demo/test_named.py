"""The live diagram of the finished demo names every station of the loop, and every decision."""

from datetime import UTC, datetime
from typing import Any

import pytest

from demo.diagram import retrained, stations, unnamed
from demo.loop import Hop
from support.cli_objects import (
    CHAMPION,
    SNAPSHOT,
    condition,
    dataset,
    decision,
    model,
    monitor,
    pipeline,
    run,
)
from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.layout import lay_out
from trimtab_operator.cli.diagram.scene import Scene, parse_objects
from trimtab_operator.cli.diagram.svg import draw

RETRAINS = 5
GATES = [{"name": "parity", "kind": "Parity", "outcome": "Passed", "message": "equal"}]


def message(number: int) -> str:
    return f"Rule `worse`: signal `quality` is 0.0{number} & asked is above 0.05 < 1."


def trained(number: int) -> dict[str, Any]:
    gates = condition("GatesPassed", "True" if number % 2 else "False", reason(number))
    body = run(f"demand-{number}", gates=GATES, conditions=[gates])
    body["metadata"]["creationTimestamp"] = f"2026-11-22T0{number}:00:00Z"
    return body


def reason(number: int) -> str:
    return "Passed" if number % 2 else "GatesFailed"


def decided(number: int) -> dict[str, Any]:
    return decision("Retrain", "RuleHolds", message(number)) | {
        "triggerId": f"t-{number}",
        "windowEnd": f"2026-11-2{number}T00:00:00Z",
    }


def kept(number: int) -> dict[str, Any]:
    return {
        "triggerId": f"t-{number}",
        "windowEnd": f"2026-11-2{number}T00:00:00Z",
        "time": "2026-11-22T01:10:00Z",
        "state": "Passed" if number % 2 else "Failed",
        "run": f"demand-{number}",
    }


def other(number: int, outcome: str, reason: str) -> dict[str, Any]:
    return decided(number) | {
        "outcome": outcome,
        "reason": reason,
        "message": f"Signal `inputs` of {number} is above 0.5 & 2 windows.",
        "triggerId": f"o-{number}",
    }


NUMBERS = range(1, RETRAINS + 1)
OTHERS = [
    other(1, "Wait", "NoRuleHolds"),
    other(2, "HoldRetraining", "RuleHolds"),
    *(other(number, "Alert", "RuleHolds") for number in (3, 4, 5)),
    other(6, "Suppress", "Cooldown"),
]
WATCHED = monitor(
    conditions=[condition("Ready", "True", "Watching")],
    decision=decided(RETRAINS),
    decisions=[*(decided(number) for number in NUMBERS), *OTHERS],
    retrains=[kept(number) for number in NUMBERS],
)
OBJECTS = [
    dataset(snapshot=SNAPSHOT),
    pipeline(),
    *(trained(number) for number in NUMBERS),
    model(champion=CHAMPION | {"run": f"demand-{RETRAINS}"}),
    WATCHED,
]
HOPS = [
    Hop(0, "Wait", "Nothing is the matter."),
    *(
        Hop(number, "Retrain", message(number), run=f"demand-{number}", gates=reason(number))
        for number in NUMBERS
    ),
]
HOPS[-1].rollout = "Promoted"


def picture(objects: list[dict[str, Any]]) -> str:
    scene = Scene(datetime(2026, 11, 26, tzinfo=UTC), parse_objects(objects))
    return draw(lay_out(compose(scene, "Trimtab: wind")))


def test_the_diagram_names_each_station_and_each_decision_but_to_wait() -> None:
    things = [*stations(OBJECTS), *retrained(HOPS)]

    assert len(things) == 7 + RETRAINS + (RETRAINS + len(OTHERS) - 1) + RETRAINS + 1
    assert unnamed(picture(OBJECTS), things) == []


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        pytest.param("Dataset", ("Snapshot ", SNAPSHOT["digest"]), id="data"),
        pytest.param("Model", (f"Model version demand-{RETRAINS}: ",), id="the promoted version"),
        pytest.param(
            "DriftMonitor", ("Monitor demand: ", message(RETRAINS)), id="what was decided"
        ),
        pytest.param("DriftMonitor", ("demand-1", "Passed", message(1)), id="the first retrain"),
        pytest.param("DriftMonitor", ("demand-2.",), id="a retrain of the status"),
        pytest.param(
            "DriftMonitor",
            ("2026-11-22", "HoldRetraining", "RuleHolds.", OTHERS[1]["message"]),
            id="a decision of the status",
        ),
        pytest.param("PipelineRun", (f"Run demand-{RETRAINS}: ",), id="the newest run"),
        pytest.param("PipelineRun", ("Gates ", " passed: "), id="gates"),
    ],
)
def test_what_the_diagram_leaves_out_is_told(left_out: str, missing: tuple[str, ...]) -> None:
    things = [*stations(OBJECTS), *retrained(HOPS)]
    drawn = [body for body in OBJECTS if body["kind"] != left_out]

    assert missing in unnamed(picture(drawn), things)


def test_run_gates_and_decision_must_stand_together() -> None:
    mixed = Hop(9, "Retrain", message(1), run="demand-2", gates="GatesFailed")

    assert unnamed(picture(OBJECTS), [*retrained([mixed])]) == [
        ("demand-2", "GatesFailed", message(1))
    ]
