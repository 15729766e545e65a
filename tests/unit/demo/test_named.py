"""The live diagram of the finished demo names every station of the loop, and every decision."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from demo.diagram import decided, retrained, stations, unnamed, unseen
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
PROMOTED, ROLLED_BACK = (2, 5), (4,)
"""What is made of the others does not pass its gates."""


def message(number: int) -> str:
    return f"Rule `worse`: signal `quality` is 0.0{number} & asked is above 0.05 < 1."


def reason(number: int) -> str:
    return "Passed" if number in {*PROMOTED, *ROLLED_BACK} else "GatesFailed"


def end(number: int) -> str:
    return "Promoted" if number in PROMOTED else "RolledBack" if number in ROLLED_BACK else ""


def trained(number: int) -> dict[str, Any]:
    passed = "True" if reason(number) == "Passed" else "False"
    gates = condition("GatesPassed", passed, reason(number))
    body = run(f"demand-{number}", gates=GATES, conditions=[gates])
    body["metadata"]["creationTimestamp"] = f"2026-11-22T0{number}:00:00Z"
    return body


def retrain(number: int) -> dict[str, Any]:
    return decision("Retrain", "RuleHolds", message(number)) | {
        "triggerId": f"t-{number}",
        "windowEnd": f"2026-11-2{number}T00:00:00Z",
    }


def kept(number: int) -> dict[str, Any]:
    return {
        "triggerId": f"t-{number}",
        "windowEnd": f"2026-11-2{number}T00:00:00Z",
        "time": "2026-11-22T01:10:00Z",
        "state": "Passed" if number in PROMOTED else end(number) or "Failed",
        "run": f"demand-{number}",
    }


def other(number: int, outcome: str, reason: str) -> dict[str, Any]:
    return retrain(number) | {
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
    decision=retrain(RETRAINS),
    decisions=[*(retrain(number) for number in NUMBERS), *OTHERS],
    retrains=[kept(number) for number in NUMBERS],
)
VERSIONS = {number: CHAMPION | {"run": f"demand-{number}"} for number in NUMBERS}
REJECTED = [
    {"digest": CHAMPION["digest"], "run": f"demand-{number}", "time": CHAMPION["since"]}
    for number in ROLLED_BACK
]
OBJECTS = [
    dataset(snapshot=SNAPSHOT),
    pipeline(),
    *(trained(number) for number in NUMBERS),
    model(champion=VERSIONS[5], history=[VERSIONS[2]], rejected=REJECTED),
    WATCHED,
]
HOPS = [
    *(
        Hop(number, one["outcome"], one["message"], one)
        for number, one in enumerate(OTHERS)
    ),
    *(
        Hop(
            number, "Retrain", message(number), retrain(number),
            run=f"demand-{number}", gates=reason(number), rollout=end(number),
        )
        for number in NUMBERS
    ),
]  # fmt: skip


def picture(objects: list[dict[str, Any]]) -> str:
    scene = Scene(datetime(2026, 11, 26, tzinfo=UTC), parse_objects(objects))
    return draw(lay_out(compose(scene, "Trimtab: wind")))


def things(hops: list[Hop] = HOPS) -> list[tuple[str, ...]]:
    return [*stations(OBJECTS), *retrained(hops), *decided(hops)]


def without(kind: str) -> list[dict[str, Any]]:
    return [body for body in OBJECTS if body["kind"] != kind]


def test_the_diagram_names_each_station_and_each_decision_but_to_wait() -> None:
    assert len(things()) == 7 + RETRAINS + 1 + len(OTHERS) - 1
    assert unnamed(picture(OBJECTS), things()) == []
    assert unseen(picture(OBJECTS), HOPS) == []


@pytest.mark.parametrize(
    ("left_out", "missing"),
    [
        pytest.param("Dataset", ("Snapshot ", SNAPSHOT["digest"]), id="data"),
        pytest.param("Model", (f"Model version demand-{RETRAINS}: ",), id="the promoted version"),
        pytest.param(
            "DriftMonitor", ("Monitor demand: ", message(RETRAINS)), id="what was decided"
        ),
        pytest.param(
            "DriftMonitor",
            ("2026-11-21", "demand-1. Gates: GatesFailed.", message(1)),
            id="the first retrain",
        ),
        pytest.param(
            "Model",
            ("2026-11-24", "demand-4. Gates: Passed. Rollout: RolledBack.", message(4)),
            id="the end of a rollout",
        ),
        pytest.param(
            "DriftMonitor",
            ("2026-11-22", "HoldRetraining", "RuleHolds.", OTHERS[1]["message"]),
            id="another decision",
        ),
        pytest.param("PipelineRun", (f"Run demand-{RETRAINS}: ",), id="the newest run"),
        pytest.param("PipelineRun", ("Gates ", " passed: "), id="gates"),
    ],
)
def test_what_the_diagram_leaves_out_is_told(left_out: str, missing: tuple[str, ...]) -> None:
    assert missing in unnamed(picture(without(left_out)), things())


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"run": "demand-1"}, id="run"),
        pytest.param({"gates": "GatesFailed"}, id="gates"),
        pytest.param({"rollout": "RolledBack"}, id="rollout"),
        pytest.param({"message": message(1)}, id="decision"),
        pytest.param({"decision": retrain(1)}, id="window"),
    ],
)
def test_what_came_of_a_retrain_must_stand_together(changes: dict[str, Any]) -> None:
    mixed = replace(HOPS[-1], **changes)

    assert len(unnamed(picture(OBJECTS), [*retrained([mixed])])) >= 1


def test_a_run_that_failed_has_no_gates_to_name() -> None:
    failed = replace(HOPS[len(OTHERS)], gates="")

    assert [*retrained([failed])] == [("2026-11-21", "demand-1.", message(1))]


@pytest.mark.parametrize(
    ("hops", "hidden"),
    [
        pytest.param(HOPS, 0, id="the newest are seen"),
        pytest.param(HOPS[: len(OTHERS) + 2], 2, id="older ones are in a tooltip alone"),
        pytest.param([replace(HOPS[-1], rollout="RolledBack")], 1, id="another end"),
        pytest.param(HOPS[: len(OTHERS)], 0, id="nothing was retrained"),
    ],
)
def test_what_came_of_the_newest_retrains_is_in_plain_sight(hops: list[Hop], hidden: int) -> None:
    assert len(unseen(picture(OBJECTS), hops)) == hidden


def test_a_decision_that_the_status_does_not_keep_is_missed() -> None:
    forgotten = other(9, "Alert", "RuleHolds")
    hops = [Hop(9, "Alert", forgotten["message"], forgotten)]

    assert unnamed(picture(OBJECTS), [*decided(hops)]) == [
        ("2026-11-29", "Alert", "RuleHolds.", forgotten["message"])
    ]
