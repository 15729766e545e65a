"""Windows are decided in order, each once, and every decision is recorded first."""

from typing import Any

import pytest

from support.decisions import end_of, monitor, monitored_world, pending, retrain, scene, window
from support.specs import DIGEST
from support.worlds import NOW, later, steps
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.domain.fleet_brake import Fleet, FleetMember
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.plan import Plan, Record
from trimtab_operator.domain.window_decision import decide_next, started, undecided

BUSY = monitored_world(fleet=Fleet(1, [FleetMember("other", pending_since=NOW)]))
WORSE = window(1, quality="0.1")


def again(subject: DriftMonitor, found: MonitorScene) -> DriftMonitor:
    """Return the DriftMonitor as it is read after its status was written."""
    return DriftMonitor.model_validate(
        {
            "metadata": subject.metadata.to_wire(),
            "spec": subject.spec.to_wire(),
            "status": found.status.to_wire(),
        }
    )


def outcome(status: DriftMonitorStatus) -> str:
    assert status.decision is not None
    return f"{status.decision.outcome} {status.decision.reason}"


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        pytest.param(
            monitor(WORSE), ["Record RetrainDecided", "Emit RetrainDecided"], id="a retrain"
        ),
        pytest.param(
            monitor(WORSE, mode="Suggest"),
            ["Record RetrainSuggested", "Emit RetrainSuggested"],
            id="a suggestion",
        ),
        pytest.param(
            monitor(WORSE, mode="Observe"),
            ["Record RetrainSuppressed", "Emit RetrainSuppressed"],
            id="a suppressed retrain",
        ),
        pytest.param(
            monitor(window(1, faults="2")),
            ["Record RetrainingHeld", "Emit RetrainingHeld"],
            id="faults",
        ),
        pytest.param(
            monitor(
                window(1, inputs="0.5"),
                rules=[{"name": "r", "signal": "inputs", "value": "0.2", "outcome": "Alert"}],
            ),
            ["Record AlertRaised", "Emit AlertRaised"],
            id="an alert",
        ),
        pytest.param(monitor(window(1)), ["Record Waited", "Emit Waited"], id="nothing follows"),
    ],
)
def test_a_decision_is_recorded(subject: DriftMonitor, expected: list[str]) -> None:
    found = decide_next(scene(subject))

    assert steps(Plan(found.status, found.actions)) == expected


def test_a_retrain_is_pending_for_its_window_and_version() -> None:
    status = decide_next(scene(monitor(WORSE))).status

    assert status.pending is not None
    assert status.decision is not None
    assert status.pending.trigger_id == status.decision.trigger_id
    assert (status.pending.window_end, status.pending.baseline) == (end_of(1), DIGEST)
    assert [(item.trigger_id, item.state) for item in status.retrains] == [
        (status.pending.trigger_id, "Pending")
    ]


def test_a_record_rests_on_the_report_and_names_the_cause() -> None:
    found = decide_next(scene(monitor(WORSE)))
    (record,) = [item for item in found.actions if isinstance(item, Record)]

    assert found.status.decision is not None
    assert record.cause == found.status.decision.trigger_id
    assert [item.name for item in record.evidence] == ["evaluation", "model"]
    assert record.reason.startswith("RuleHolds: window until 2026-01-02T00:00:00Z: Rule `quality-")


def test_the_id_of_a_decision_is_made_of_its_cause_alone() -> None:
    def identity(subject: DriftMonitor, now: Any = NOW) -> str:
        decision = decide_next(scene(subject, now=now)).status.decision
        assert decision is not None
        return decision.trigger_id

    first = identity(monitor(WORSE))

    assert identity(monitor(window(1, quality="0.2")), later(99)) == first
    assert identity(monitor(window(2, quality="0.1"))) != first
    assert identity(monitor(WORSE, uid="uid-n")) != first
    assert identity(monitor(WORSE, generation=2)) != first


def test_deciding_a_window_twice_changes_nothing() -> None:
    subject = monitor(WORSE)
    once = decide_next(scene(subject))
    twice = decide_next(scene(again(subject, once), now=later(9)))

    assert twice.actions == ()
    assert twice.status == once.status


def test_windows_are_decided_in_order_however_many_came_at_once() -> None:
    subject = monitor(window(1), window(2, quality="0.1"), window(3, quality="0.1"))
    seen = []
    for _ in range(4):
        found = decide_next(scene(subject))
        seen.append(outcome(found.status))
        subject = again(subject, found)

    assert seen == [
        "Wait NoRuleHolds",
        "Retrain RuleHolds",
        "Suppress InFlight",
        "Suppress InFlight",
    ]
    assert [item.window_end for item in subject.status.decisions] == [end_of(n) for n in (1, 2, 3)]
    assert {item.reason: item.count for item in subject.status.suppressed} == {"InFlight": 1}


def test_a_window_that_waits_for_a_slot_is_decided_again_when_there_is_one() -> None:
    subject = monitor(WORSE)
    busy = decide_next(scene(subject, BUSY))
    assert outcome(busy.status) == "Suppress FleetBusy"
    still = decide_next(scene(again(subject, busy), BUSY, later(9)))
    assert (still.actions, still.status) == ((), busy.status)

    free = decide_next(scene(again(subject, busy), now=later(9)))

    assert outcome(free.status) == "Retrain RuleHolds"
    assert [item.outcome for item in free.status.decisions] == ["Retrain"]
    assert free.status.pending is not None


def test_a_newer_window_takes_the_place_of_one_that_waits() -> None:
    subject = monitor(WORSE)
    busy = decide_next(scene(subject, BUSY))
    newer = monitor(
        WORSE, window(2), status=busy.status.to_wire() | {"evaluations": [WORSE, window(2)]}
    )

    assert [item.end for item in undecided(newer.status)] == [end_of(2)]
    assert outcome(decide_next(scene(newer)).status) == "Wait NoRuleHolds"


@pytest.mark.parametrize(
    ("more", "world", "words"),
    [
        pytest.param({}, {}, "it starts", id="a slot is free"),
        pytest.param(
            {"suspend": True}, {}, "Wait, Suspended: `spec.suspend` is set", id="it is suspended"
        ),
        pytest.param(
            {"evaluations": [WORSE, window(2)]},
            {},
            "window until 2026-01-03T00:00:00Z takes its place",
            id="a newer window is there",
        ),
        pytest.param(
            {"evaluations": [WORSE, window(2, quality="0.1")]},
            {"fleet": BUSY.fleet},
            "window until 2026-01-03T00:00:00Z takes its place",
            id="a newer window waits in its place",
        ),
    ],
)
def test_a_wait_for_a_slot_ends_once(
    more: dict[str, Any], world: dict[str, Any], words: str
) -> None:
    busy = decide_next(scene(monitor(WORSE), BUSY))
    windows = more.get("evaluations", [WORSE])
    spec = {name: value for name, value in more.items() if name != "evaluations"}
    status = busy.status.to_wire() | {"evaluations": windows}
    seen = monitored_world(**world)
    ended = decide_next(scene(monitor(status=status, **spec), seen, later(9)))
    after = decide_next(scene(monitor(status=ended.status.to_wire(), **spec), seen, later(99)))

    (record,) = slot_records(ended)
    assert busy.status.decision is not None
    assert record.cause == busy.status.decision.trigger_id
    assert words in record.reason
    assert slot_records(busy) == slot_records(after) == []


def slot_records(found: MonitorScene) -> list[Record]:
    records = [item for item in found.actions if isinstance(item, Record)]
    return [item for item in records if item.action == "SlotWaitEnded"]


@pytest.mark.parametrize(
    ("states", "dropped"),
    [
        pytest.param(["Passed"] * 32, 1, id="the oldest"),
        pytest.param(["Passed"] * 20 + ["Withdrawn"] * 12, 21, id="the oldest that cost nothing"),
    ],
)
def test_the_status_forgets_of_retrains_first(states: list[str], dropped: int) -> None:
    known = [retrain(number, state) for number, state in enumerate(states, start=1)]
    found = started(known, pending(99))["retrains"]

    assert isinstance(found, list)
    assert [item.trigger_id for item in found] == [
        *(item.trigger_id for item in known if item.trigger_id != f"trigger-{dropped}"),
        "trigger-99",
    ]


def test_the_status_keeps_the_newest_decisions() -> None:
    subject = monitor(*[window(number) for number in range(1, 13)])
    for _ in range(12):
        subject = again(subject, decide_next(scene(subject)))
    assert len(subject.status.decisions) == 12
    late = subject.status.to_wire() | {"evaluations": [window(13)]}
    found = decide_next(scene(monitor(status=late)))

    assert [item.window_end for item in found.status.decisions] == [
        end_of(number) for number in range(2, 14)
    ]


def test_a_suggestion_is_kept_until_there_is_a_newer_one() -> None:
    subject = monitor(WORSE, window(2), window(3, quality="0.1"), mode="Suggest")
    ends = []
    for _ in range(3):
        found = decide_next(scene(subject))
        assert found.status.suggestion is not None
        ends.append(found.status.suggestion.window_end)
        subject = again(subject, found)

    assert ends == [end_of(1), end_of(1), end_of(3)]
