"""A DriftMonitor's plan: conditions that say what was found and decided, and what comes next."""

from typing import Any

import pytest

from support.decisions import monitor, monitored_world, pending, retrain, window
from support.worlds import (
    LOST_STORE,
    NOW,
    OTHER_DIGEST,
    finished,
    later,
    message,
    model,
    run,
    steps,
    told,
    version,
)
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.fleet_brake import Fleet, FleetMember
from trimtab_operator.domain.observed import ObservedDriftMonitor
from trimtab_operator.domain.plan import Plan
from trimtab_stages.contract.monitoring import DataFault

WORSE = window(1, quality="0.1")
FAULT = DataFault.model_validate(
    {"kind": "UnitChange", "feature": "tmax", "message": "Values are 1.8 times as large."}
)


def plan(
    subject: DriftMonitor, seen: ObservedDriftMonitor | None = None, seconds: float = 0
) -> Plan:
    return plan_driftmonitor(subject, seen or monitored_world(), later(seconds))


def status_of(found: Plan) -> DriftMonitorStatus:
    assert isinstance(found.status, DriftMonitorStatus)
    return found.status


def again(subject: DriftMonitor, found: Plan, **changes: Any) -> DriftMonitor:
    """Return the DriftMonitor as it is read after its status was written."""
    return monitor(
        status=found.status.to_wire() | changes,
        annotations=subject.metadata.annotations,
        **subject.spec.to_wire(),
    )


CONDITIONS = [
    pytest.param(
        monitor(),
        {},
        {
            "Ready": "True Watching",
            "Validated": "True Valid",
            "StorageReachable": "True Stored",
            "Paused": "False Resumed",
            "DataFault": "Unknown NotEvaluated",
            "Drifted": "Unknown NotEvaluated",
            "RetrainPending": "False Idle",
        },
        id="no window yet",
    ),
    pytest.param(
        monitor(window(1)),
        {},
        {
            "Ready": "True Watching",
            "DataFault": "False NoFault",
            "Drifted": "False NoRuleHolds",
            "RetrainPending": "False Idle",
        },
        id="all well",
    ),
    pytest.param(
        monitor(WORSE),
        {},
        {"Drifted": "True RuleHolds", "RetrainPending": "True RetrainDecided"},
        id="quality fell",
    ),
    pytest.param(
        monitor(WORSE, mode="Suggest"),
        {},
        {"Drifted": "True RuleHolds", "RetrainPending": "False RetrainSuggested"},
        id="a retrain is suggested",
    ),
    pytest.param(
        monitor(window(1, faults="1")),
        {},
        {"DataFault": "True RuleHolds", "Drifted": "False NoRuleHolds"},
        id="a rule on faults holds",
    ),
    pytest.param(
        monitor(window(1).model_copy(update={"faults": [FAULT]})),
        {},
        {"DataFault": "True UnitChange"},
        id="a fault without a rule",
    ),
    pytest.param(
        monitor(status={"retrains": [retrain(n, "Failed") for n in (1, 2, 3)]}),
        {},
        {"Ready": "False BreakerOpen", "Stalled": "True BreakerOpen"},
        id="the breaker is open",
    ),
    pytest.param(
        monitor(),
        {"model": None, "pipeline": None, "dataset": None},
        {
            "Ready": "False ReferenceNotFound",
            "Validated": "False ReferenceNotFound",
            "Reconciling": "True ReferenceNotFound",
        },
        id="no such Model",
    ),
    pytest.param(
        monitor(window={"seconds": 1000}),
        {},
        {
            "Ready": "False InvalidSpec",
            "Validated": "False InvalidSpec",
            "Stalled": "True InvalidSpec",
        },
        id="windows that cut panes",
    ),
    pytest.param(
        monitor(),
        {"model": model()},
        {"Ready": "False WaitingForChampion", "Reconciling": "True WaitingForChampion"},
        id="nothing serves yet",
    ),
    pytest.param(
        monitor(suspend=True),
        {},
        {"Paused": "True Suspended", "Ready": "True Watching"},
        id="paused",
    ),
    pytest.param(
        monitor(),
        {"storage": LOST_STORE},
        {"StorageReachable": "False StoreUnreachable"},
        id="store",
    ),
]


@pytest.mark.parametrize(("subject", "world", "expected"), CONDITIONS)
def test_conditions(subject: DriftMonitor, world: dict[str, Any], expected: dict[str, str]) -> None:
    found = told(plan(subject, monitored_world(**world)))

    assert {kind: found.get(kind) for kind in expected} == expected
    abnormal = {"Stalled", "Reconciling"} & found.keys()
    assert abnormal <= expected.keys()


def test_an_invalid_monitor_decides_nothing() -> None:
    found = plan(monitor(WORSE, window={"seconds": 1000}))

    assert found.actions == ()
    assert status_of(found).decision is None


def test_without_a_champion_nothing_is_decided() -> None:
    assert status_of(plan(monitor(WORSE), monitored_world(model=model()))).decision is None


def test_a_deleted_monitor_is_left_alone() -> None:
    subject = monitor(WORSE)
    metadata = subject.metadata.model_copy(update={"deletion_timestamp": NOW})
    found = plan(subject.model_copy(update={"metadata": metadata}))

    assert (found.actions, found.status) == ((), subject.status)


def test_what_the_monitor_measured_is_left_as_it_is() -> None:
    subject = monitor(WORSE, status={"evaluatedThrough": NOW})

    assert status_of(plan(subject)).evaluations == [WORSE]
    assert status_of(plan(subject)).evaluated_through == NOW


def test_a_converged_monitor_is_planned_without_actions_and_without_a_change() -> None:
    subject = monitor(WORSE, window(2))
    for second in range(3):
        subject = again(subject, plan(subject, seconds=second))
    found = plan(subject, seconds=99)

    assert found.actions == ()
    assert found.status == subject.status
    assert found.requeue_after is None


def test_a_pending_retrain_says_that_another_runs_version_comes_first() -> None:
    subject = monitor(WORSE)
    subject = again(subject, plan(subject))
    ended = finished(modelDigest=OTHER_DIGEST)
    runs = run(triggerId="first"), run("bikes-b", ended, later(60), triggerId="trigger-b")
    found = plan(subject, monitored_world(runs=runs), 10)
    assert message(found, "RetrainPending").endswith(
        "Now Model `bikes` has to promote or to roll back another version first;"
        " `kubectl describe model bikes` tells how far it is."
    )


@pytest.mark.parametrize(
    ("world", "validated"),
    [
        pytest.param({"model": None}, "False ReferenceNotFound", id="with its Model"),
        pytest.param({}, "True Valid", id="alone"),
    ],
)
def test_a_retrain_ends_with_its_pipeline(world: dict[str, Any], validated: str) -> None:
    subject = monitor(status={"pending": pending(), "retrains": [retrain(1, "Running")]})
    seen = monitored_world(**({"pipeline": None, "pipeline_gone": True, "dataset": None} | world))
    found = plan(subject, seen)

    assert told(found)["Validated"] == validated
    assert told(found)["RetrainPending"] == "False Idle"
    assert status_of(found).pending is None


def test_from_a_bad_window_to_a_promoted_version() -> None:
    """One retrain from decision to the end of its run; the next window is in cooldown."""
    subject = monitor(WORSE)
    decided = plan(subject)
    trigger = status_of(decided).pending
    assert trigger is not None
    subject = again(subject, decided)

    working = run("bikes-1", triggerId=trigger.trigger_id)
    at_work = plan(subject, monitored_world(runs=(working,)), 10)
    assert message(at_work, "RetrainPending").endswith("Now run `bikes-1` is at work.")
    subject = again(subject, at_work)

    passed = run("bikes-1", finished(), triggerId=trigger.trigger_id)
    promoted = monitored_world(
        runs=(passed,), model=model({"champion": version("bikes-1", OTHER_DIGEST)})
    )
    ended = plan(subject, promoted, 20)
    assert status_of(ended).pending is None
    assert [item.state for item in status_of(ended).retrains] == ["Passed"]
    after = window(2, quality="0.1", digest=OTHER_DIGEST)
    subject = again(subject, ended, evaluations=[WORSE, after])

    cooling = plan(subject, promoted, 30)
    assert steps(cooling) == ["Record RetrainSuppressed", "Emit RetrainSuppressed"]
    decision = status_of(cooling).decision
    assert decision is not None
    assert decision.reason == "Cooldown"


def test_it_looks_again_for_the_next_window_or_for_a_slot() -> None:
    busy = monitored_world(fleet=Fleet(1, [FleetMember("other", pending_since=NOW)]))

    assert plan(monitor(window(1), window(2))).requeue_after == 1
    assert plan(monitor(WORSE), busy).requeue_after == 15
    assert plan(monitor(WORSE)).requeue_after is None


def test_windows_that_close_while_it_is_suspended_are_passed_over() -> None:
    subject = monitor(WORSE, suspend=True)
    passed = again(subject, plan(subject))
    resumed = monitor(status=passed.status.to_wire())

    assert status_of(plan(subject)).decision is not None
    assert plan(resumed).actions == ()


def test_an_accepted_suggestion_starts_at_once() -> None:
    suggested = plan(monitor(WORSE, mode="Suggest"))
    suggestion = status_of(suggested).suggestion
    assert suggestion is not None
    accepted = plan(
        monitor(
            mode="Suggest",
            status=suggested.status.to_wire(),
            annotations={"trimtab.dev/accept": suggestion.trigger_id},
        )
    )

    assert steps(accepted) == ["Record RetrainAccepted", "Emit RetrainAccepted"]
    assert told(accepted)["RetrainPending"] == "True RetrainDecided"


def test_a_breaker_that_opens_is_recorded_and_no_more_is_decided() -> None:
    failed = [retrain(n, "Failed") for n in (1, 2, 3)]
    found = plan(monitor(window(9, quality="0.1"), status={"retrains": failed}))

    assert steps(found) == [
        "Record BreakerOpened",
        "Emit BreakerOpened",
        "Record RetrainSuppressed",
        "Emit RetrainSuppressed",
    ]


def test_a_stale_acceptance_is_told() -> None:
    subject = monitor(
        status={"suggestion": pending()}, annotations={"trimtab.dev/accept": "trigger-0"}
    )

    assert "trigger-0, which is not suggested any more" in message(plan(subject), "RetrainPending")
