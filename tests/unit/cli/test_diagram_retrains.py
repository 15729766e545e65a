"""What the box of a DriftMonitor says of its retrains, and of what it decided besides."""

from datetime import UTC, datetime
from typing import Any

import pytest

from support.cli_objects import CHAMPION, condition, decision, model, monitor, pipeline, run
from trimtab_operator.cli.diagram.compose import compose
from trimtab_operator.cli.diagram.picture import Box, Place, State
from trimtab_operator.cli.diagram.scene import Scene, parse_objects

NOW = datetime(2026, 11, 22, 2, 10, tzinfo=UTC)


def monitor_box(*bodies: dict[str, Any], **served: Any) -> Box:
    objects = parse_objects([pipeline(), model(**served), *bodies])
    (only,) = compose(Scene(NOW, objects), "t").loops
    return only.boxes[Place.EVIDENCE]


def retrain(number: int, state: str = "Passed", **fields: Any) -> dict[str, Any]:
    return {
        "triggerId": f"t-{number}",
        "windowEnd": f"2026-11-{number:02}T00:00:00Z",
        "time": "2026-11-22T01:10:00Z",
        "state": state,
        "run": f"demand-{number}",
    } | fields


@pytest.mark.parametrize(
    ("kept", "items"),
    [
        pytest.param([], [], id="none"),
        pytest.param(
            [retrain(1, "RolledBack"), retrain(2, "Running")],
            [
                (State.ACTIVE, "2026-11-02", "Running", "demand-2."),
                (State.ATTENTION, "2026-11-01", "RolledBack", "demand-1."),
            ],
            id="newest first",
        ),
        pytest.param(
            [retrain(1, "Pending", run=None)],
            [(State.WAITING, "2026-11-01", "Pending", "no run.")],
            id="not begun",
        ),
        pytest.param(
            [retrain(1, "Failed", run=None, message="its ingest failed.")],
            [(State.ATTENTION, "2026-11-01", "Failed", "no run. its ingest failed.")],
            id="failed before its run",
        ),
        pytest.param(
            [retrain(1, "FromTheFuture")],
            [(State.ATTENTION, "2026-11-01", "FromTheFuture", "demand-1.")],
            id="a state of a newer Trimtab",
        ),
        pytest.param(
            [retrain(number, "Failed") for number in (1, 2, 3, 4)],
            [
                (State.ATTENTION, "2026-11-04", "Failed", "demand-4."),
                (State.ATTENTION, "2026-11-03", "Failed", "demand-3."),
                (
                    State.GOOD, "and 2 before", "",
                    "2026-11-02 Failed: demand-2.\n2026-11-01 Failed: demand-1.",
                ),
            ],
            id="older ones in one line",
        ),
    ],
)  # fmt: skip
def test_a_drift_monitor_names_its_retrains(
    kept: list[dict[str, Any]], items: list[tuple[State, str, str, str]]
) -> None:
    found = monitor_box(monitor(retrains=kept)).items

    assert [(item.state, item.name, item.value, item.detail) for item in found] == items


@pytest.mark.parametrize(
    ("decisions", "words"),
    [
        pytest.param(
            [decision("Retrain", "RuleHolds", "Quality fell.") | {"triggerId": "t-1"}],
            "Quality fell.",
            id="as the status has it",
        ),
        pytest.param([], "snapshot aaaa is new", id="as its run has it"),
    ],
)
def test_a_retrain_says_its_run_its_gates_and_its_cause(
    decisions: list[dict[str, Any]], words: str
) -> None:
    served = run("demand-1", conditions=[condition("GatesPassed", "False", "GatesFailed")])
    watched = monitor(retrains=[retrain(1, "Failed")], decisions=decisions)
    (item,) = monitor_box(watched, served).items

    assert item.detail == f"demand-1. Gates: GatesFailed. {words}"


def version(number: int) -> dict[str, Any]:
    return CHAMPION | {"run": f"demand-{number}"}


REJECTED = {"digest": CHAMPION["digest"], "run": "demand-1", "time": "2026-11-22T01:10:00Z"}


@pytest.mark.parametrize(
    ("served", "word"),
    [
        pytest.param({"champion": version(1)}, "Promoted", id="it serves"),
        pytest.param(
            {"champion": version(2), "history": [version(1)]}, "Promoted", id="it has served"
        ),
        pytest.param(
            {"champion": version(0), "rejected": [REJECTED]},
            "RolledBack",
            id="it was taken back",
        ),
        pytest.param(
            {"champion": version(0), "challenger": version(1)}, "Progressing", id="it begins"
        ),
        pytest.param(
            {"champion": version(0), "challenger": version(1), "rollout": {"state": "Held"}},
            "Held",
            id="it waits",
        ),
        pytest.param({"champion": version(0)}, None, id="the Model does not keep it"),
    ],
)
def test_a_retrain_says_what_has_become_of_its_version(
    served: dict[str, Any], word: str | None
) -> None:
    (item,) = monitor_box(monitor(retrains=[retrain(1)]), run("demand-1"), **served).items

    rollout = f"Rollout: {word}. " if word else ""
    assert item.detail == f"demand-1. {rollout}snapshot aaaa is new"


def test_an_open_breaker_hides_no_decision() -> None:
    status = {
        "conditions": [condition("Stalled", "True", "BreakerOpen", "Three failed.")],
        "decision": decision("Suppress", "BreakerOpen", "Quality fell."),
    }
    found = monitor_box(monitor(**status))

    assert found.message == "Three failed. Decided last: Suppress. Quality fell."


def decided(number: int, outcome: str, reason: str = "RuleHolds") -> dict[str, Any]:
    end = {"windowEnd": f"2026-11-{number:02}T00:00:00Z", "triggerId": f"t-{number}"}
    return decision(outcome, reason, f"Signal {number}.") | end


@pytest.mark.parametrize(
    ("decisions", "items"),
    [
        pytest.param([decided(1, "Wait", "NoRuleHolds"), decided(9, "Retrain")], [], id="no other"),
        pytest.param(
            [decided(1, "Alert"), decided(2, "Suppress", "Cooldown")],
            [
                ("2026-11-02", "Suppress", "Cooldown. Signal 2."),
                ("2026-11-01", "Alert", "RuleHolds. Signal 1."),
            ],
            id="newest first",
        ),
        pytest.param(
            [decided(1, "Retrain")],
            [("2026-11-01", "Retrain", "RuleHolds. Signal 1.")],
            id="a retrain that is not kept",
        ),
        pytest.param(
            [decided(number, "Alert") for number in (1, 2, 3, 4, 5)],
            [
                ("2026-11-05", "Alert", "RuleHolds. Signal 5."),
                ("2026-11-04", "Alert", "RuleHolds. Signal 4."),
                ("2026-11-03", "Alert", "RuleHolds. Signal 3."),
                (
                    "and 2 before",
                    "",
                    "\n".join(f"2026-11-0{n} Alert: RuleHolds. Signal {n}." for n in (2, 1)),
                ),
            ],
            id="older ones in one line",
        ),
    ],
)
def test_a_drift_monitor_names_what_it_decided_besides(
    decisions: list[dict[str, Any]], items: list[tuple[str, str, str]]
) -> None:
    _, *found = monitor_box(monitor(retrains=[retrain(9)], decisions=decisions)).items

    assert [(item.name, item.value, item.detail) for item in found] == items
