"""A status with words of a newer Trimtab is decided on, and the words stand in it afterwards."""

from typing import Any

import pytest

from support.decisions import end_of, monitor, monitored_world, pending, retrain, window
from support.rollouts import alone, decide, rolling, served, shadowed, stored, trial
from support.specs import DIGEST
from support.worlds import NOW, RELEASE, STORE, condition, run, steps
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.kinds import TrimtabObject
from trimtab_operator.api.model import Model
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cluster.views import view_fleet_member, view_retrains
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.observed import ObservedPipelineRun
from trimtab_operator.domain.pipelinerun import plan_pipelinerun

NEW = "FromTheFuture"


def decision(**words: str) -> dict[str, Any]:
    return {
        "windowEnd": end_of(1).isoformat(),
        "outcome": "Wait",
        "reason": "NoRuleHolds",
        "message": "m",
        "version": DIGEST,
        "triggerId": "trigger-0",
        "time": NOW.isoformat(),
    } | words


def reading(**words: str) -> dict[str, Any]:
    return {"name": "quality", "state": "Measured", "kind": "RealisedQuality"} | words


UNKNOWN = {
    "decision": decision(outcome=NEW, reason=NEW),
    "decisions": [decision(outcome=NEW, reason=NEW)],
    "retrains": [retrain(1, "Running").to_wire() | {"state": NEW}],
    "suppressed": [{"reason": NEW, "count": 2}],
    "signals": [reading(state=NEW, kind=NEW)],
}


def written(subject: TrimtabObject) -> dict[str, Any]:
    """Return an object as the API server has it."""
    parts = {"metadata": subject.metadata, "spec": subject.spec, "status": subject.status}
    return {name: part.to_wire() for name, part in parts.items()}


def body(status: dict[str, Any], **spec: Any) -> dict[str, Any]:
    """Return a DriftMonitor as the API server has it."""
    found = written(monitor(window(2, quality="0.1"), **spec))
    return found | {"status": found["status"] | status}


@pytest.mark.parametrize(
    ("status", "follows"),
    [
        pytest.param({}, "Record RetrainDecided", id="a newer window is decided"),
        pytest.param(
            {"pending": pending().to_wire()},
            "Record RetrainDecided",
            id="what no known state keeps open holds nothing up",
        ),
    ],
)
def test_a_drift_monitor(status: dict[str, Any], follows: str) -> None:
    guards = {"guards": {"cooldownWindows": 0}}
    subject = DriftMonitor.model_validate(body(UNKNOWN | status, **guards))
    found = plan_driftmonitor(subject, monitored_world(), NOW)
    wire = found.status.to_wire()

    assert isinstance(found.status, DriftMonitorStatus)
    assert steps(found)[0] == follows
    assert (wire["decisions"][0]["outcome"], wire["decisions"][0]["reason"]) == (NEW, NEW)
    assert wire["retrains"][0]["state"] == wire["suppressed"][0]["reason"] == NEW


def test_another_drift_monitor_of_the_fleet() -> None:
    member = view_fleet_member(body(UNKNOWN | {"pending": pending().to_wire()}))

    assert (member.waiting_for, member.running) == (None, False)
    assert [item.state for item in view_retrains(body(UNKNOWN))] == [NEW]


@pytest.mark.parametrize("words", [{"state": NEW}, {"stage": NEW}, {"state": NEW, "stage": NEW}])
def test_a_model_with_a_challenger(words: dict[str, str]) -> None:
    status = trial()
    subject = rolling(status | {"rollout": status["rollout"] | words})
    _, after = decide(Model.model_validate(written(subject)), served(shadowed()), NOW)

    assert after.challenger is not None
    assert after.rollout is not None


def test_a_model_with_an_unwritten_record() -> None:
    unwritten = {"action": NEW, "reason": "r", "cause": "c", "models": [DIGEST]}
    subject = rolling({"champion": stored("a"), "unwritten": [unwritten]})
    plan, after = decide(subject, served(alone()), NOW)

    assert f"Record {NEW}" in steps(plan)
    assert after.unwritten == []


def test_a_run() -> None:
    gates = [{"name": "g", "kind": NEW, "outcome": NEW, "message": "m"}]
    subject = run(status={"gates": gates, "conditions": [condition("Complete", reason=NEW)]})
    read = PipelineRun.model_validate(written(subject))
    found = plan_pipelinerun(read, ObservedPipelineRun(RELEASE, STORE), NOW)

    assert found.status.to_wire()["gates"] == gates
