"""What follows for a window: the rule, then the mode and the guards, the first one tells."""

from dataclasses import replace
from typing import Any

import pytest

from support.decisions import (
    end_of,
    monitor,
    monitored_world,
    pending,
    retrain,
    rule,
    scene,
    spec_of,
    window,
)
from support.worlds import NOW, OTHER_DIGEST, finished, model, pipeline, run, version
from trimtab_operator.api.driftmonitor import DriftMonitor, Mode
from trimtab_operator.domain.fleet_brake import Fleet, FleetMember
from trimtab_operator.domain.matched_rule import match_rules
from trimtab_operator.domain.observed import ObservedDriftMonitor
from trimtab_operator.domain.retrain_decision import (
    GUARDS,
    RetrainDecision,
    decide_matched,
    decide_window,
)
from trimtab_operator.domain.suppression import Suppression

WORSE = window(3, quality="0.1")
BUSY = Fleet(1, [FleetMember("other", pending_since=NOW)])
CHALLENGED = model({"champion": version(), "challenger": version("bikes-2", OTHER_DIGEST)})
HELD = model(
    {
        "champion": version(),
        "challenger": version("bikes-2", OTHER_DIGEST),
        "rollout": {"digest": OTHER_DIGEST, "state": "Held"},
    }
)
OWN_FILE = monitored_world(pipeline=None, dataset=None)


def decide(subject: DriftMonitor, seen: ObservedDriftMonitor | None = None) -> RetrainDecision:
    return decide_window(scene(subject, seen), subject.status.evaluations[-1])


def told(found: RetrainDecision) -> str:
    return f"{found.outcome} {found.reason}"


@pytest.mark.parametrize(
    ("signals", "expected"),
    [
        pytest.param({"quality": "0.1"}, "Retrain RuleHolds", id="quality fell"),
        pytest.param({"quality": "0.1", "faults": "1"}, "HoldRetraining RuleHolds", id="faults"),
        pytest.param({"inputs": "0.5"}, "Wait NotSustained", id="drift once"),
        pytest.param({"quality": None}, "Wait NotMeasured", id="no labels"),
        pytest.param({}, "Wait NoRuleHolds", id="all well"),
    ],
)
def test_the_default_rules(signals: dict[str, Any], expected: str) -> None:
    assert told(decide(monitor(window(1, **signals)))) == expected


def test_drift_in_two_windows_alerts_by_default() -> None:
    assert told(decide(monitor(window(1, inputs="0.5"), window(2, inputs="0.5")))) == (
        "Alert RuleHolds"
    )


GUARDED = [
    pytest.param({}, {}, {}, "Retrain RuleHolds", id="nothing is in the way"),
    pytest.param({"mode": "Observe"}, {}, {}, "Suppress Observing", id="mode Observe"),
    pytest.param({"mode": "Suggest"}, {}, {}, "Suggest RuleHolds", id="mode Suggest"),
    pytest.param({"suspend": True}, {}, {}, "Wait Suspended", id="suspended"),
    pytest.param({}, {}, {"pending": pending(2)}, "Suppress InFlight", id="a retrain is pending"),
    pytest.param({}, {"runs": (run(),)}, {}, "Suppress InFlight", id="a run is active"),
    pytest.param({}, {"runs": (run("r", finished()),)}, {}, "Retrain RuleHolds", id="done"),
    pytest.param({}, {"model": CHALLENGED}, {}, "Suppress InFlight", id="a rollout goes on"),
    pytest.param({}, {"model": HELD}, {}, "Retrain RuleHolds", id="a rollout is held"),
    pytest.param(
        {}, {}, {"retrains": [retrain(2)]}, "Suppress Cooldown", id="one window after a retrain"
    ),
    pytest.param(
        {},
        {},
        {"breaker": {"open": True, "failures": 3}},
        "Suppress BreakerOpen",
        id="the breaker is open",
    ),
    pytest.param(
        {},
        {},
        {"retrains": [retrain(1, "Failed", endTime=NOW)]},
        "Suppress FailureBackoff",
        id="the last one failed just now",
    ),
    pytest.param(
        {"guards": {"maxRunsPer30Days": 1}},
        {},
        {"retrains": [retrain(1)]},
        "Suppress BudgetExhausted",
        id="the budget is spent",
    ),
    pytest.param(
        {"guards": {"maxRunsPer30Days": 1}},
        {"others_retrains": (retrain(1, "Pending"),)},
        {},
        "Suppress BudgetExhausted",
        id="another DriftMonitor of the Model has spent the budget",
    ),
    pytest.param(
        {"guards": {"maxRunsPer30Days": 1}},
        {"runs": (run("bikes-1", finished(), trigger="Verdict"),)},
        {},
        "Suppress BudgetExhausted",
        id="a run of a DriftMonitor that was deleted has spent it",
    ),
    pytest.param({}, {"fleet": BUSY}, {}, "Suppress FleetBusy", id="the fleet is busy"),
    pytest.param(
        {"mode": "Suggest"}, {"fleet": BUSY}, {}, "Suggest RuleHolds", id="a suggestion needs none"
    ),
    pytest.param(
        {}, {"pipeline": None, "dataset": None}, {}, "Suppress NoPipeline", id="a file of its own"
    ),
    pytest.param(
        {},
        {"pipeline": pipeline(triggers=[{"type": "NewSnapshot"}])},
        {},
        "Suppress NoVerdictTrigger",
        id="the Pipeline does not listen",
    ),
    pytest.param(
        {},
        {"pipeline": pipeline(suspend=True)},
        {},
        "Suppress PipelineSuspended",
        id="the Pipeline is suspended",
    ),
    pytest.param(
        {},
        {"model": model({"champion": version(digest=OTHER_DIGEST)})},
        {},
        "Wait VersionReplaced",
        id="another version serves by now",
    ),
]


@pytest.mark.parametrize(("spec", "world", "status", "expected"), GUARDED)
def test_guards(
    spec: dict[str, Any], world: dict[str, Any], status: dict[str, Any], expected: str
) -> None:
    subject = monitor(WORSE, status=status, **spec)

    assert told(decide(subject, monitored_world(**world))) == expected


def test_the_first_guard_tells_in_whatever_order_they_are_asked() -> None:
    found = match_rules(spec_of(), [WORSE], ())
    speaking = [Suppression(reason, "No.") for reason in reversed(GUARDS)]

    told = [decide_matched(Mode.ACT, found, speaking[:count]).reason for count in range(1, 11)]

    assert told == list(reversed(GUARDS))


def test_the_guards_are_not_asked_where_no_rule_wants_a_retrain() -> None:
    seen = replace(OWN_FILE, fleet=BUSY)

    assert told(decide(monitor(window(1)), seen)) == "Wait NoRuleHolds"


def test_a_suppressed_retrain_is_told_with_rule_and_guard() -> None:
    found = decide(monitor(WORSE, mode="Observe"))

    assert found.message == (
        "Rule `quality-drop`: signal `quality` is 0.1 (0.01 to 0.2, 500 samples), asked is above "
        "0.05. `spec.mode` is Observe: with Suggest or Act a retrain would follow."
    )


def test_a_condition_of_a_former_version_holds_no_more() -> None:
    before = {
        "windowEnd": end_of(1),
        "outcome": "Alert",
        "reason": "RuleHolds",
        "message": "",
        "version": OTHER_DIGEST,
        "triggerId": "t",
        "time": NOW,
        "holding": ["worse"],
    }
    rules = [rule(forWindows=3)]
    same = before | {"version": window(1).version}
    windows = (window(1, digest=OTHER_DIGEST), window(2))

    assert decide(monitor(*windows, status={"decisions": [before]}, rules=rules)).holding == ()
    assert decide(monitor(*windows, status={"decisions": [same]}, rules=rules)).holding == (
        "worse",
    )
