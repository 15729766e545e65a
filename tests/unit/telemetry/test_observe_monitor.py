"""Decisions are counted once, and the series of a DriftMonitor go with it."""

from typing import Any

import pytest

from support.decisions import monitor, pending, scene, window
from support.specs import DIGEST
from support.worlds import NOW
from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.domain.retrain_decision import GUARDS
from trimtab_operator.domain.window_decision import decide_next
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_operator.telemetry.observe import Observations

NAMES = {"namespace": "demo", "monitor": "bikes"}
QUALITIES = ("0.1", None, "0")


def decided(outcome: str, reason: str, **status: Any) -> DriftMonitor:
    decision = {
        "windowEnd": NOW,
        "outcome": outcome,
        "reason": reason,
        "message": "",
        "version": DIGEST,
        "triggerId": "t",
        "time": NOW,
    }
    return monitor(status={"decision": decision} | status)


def observe(metrics: Metrics, *later: DriftMonitor) -> Observations:
    seen = Observations(metrics)
    before = monitor()
    for after in later:
        seen.observe("DriftMonitor", before, after.status)
        before = after
    return seen


@pytest.mark.parametrize(
    ("outcome", "reason", "counted"),
    [
        pytest.param("Retrain", "RuleHolds", True, id="a retrain"),
        pytest.param("Suggest", "RuleHolds", True, id="a suggestion"),
        pytest.param("Suppress", "Cooldown", True, id="a suppressed retrain"),
        pytest.param("Alert", "RuleHolds", False, id="an alert is no trigger"),
        pytest.param("Wait", "NoRuleHolds", False, id="nothing due is no trigger"),
    ],
)
def test_a_decision_is_counted_once(outcome: str, reason: str, *, counted: bool) -> None:
    metrics = Metrics()
    after = decided(outcome, reason)
    observe(metrics, after, after)

    value = metrics.registry.get_sample_value
    labels = NAMES | {"decision": outcome, "reason": reason}
    assert value("trimtab_decision_outcomes_total", NAMES | {"outcome": outcome}) == 1
    assert value("trimtab_retrain_triggers_total", labels) == (1 if counted else None)


ACCEPTED = {"lastHandledAcceptance": "t"}
SUGGESTED = decided("Suggest", "RuleHolds")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(SUGGESTED, decided("Retrain", "Accepted", **ACCEPTED), id="the newest"),
        pytest.param(
            decided("Wait", "NoRuleHolds"),
            decided("Wait", "NoRuleHolds", **ACCEPTED),
            id="one of an older window",
        ),
        pytest.param(
            SUGGESTED,
            decided("Suppress", "InFlight", **ACCEPTED),
            id="one whose acceptance came with the next window",
        ),
    ],
)
def test_an_accepted_suggestion_is_counted_once(before: DriftMonitor, after: DriftMonitor) -> None:
    metrics = Metrics()
    observe(metrics, before, after, after)
    value = metrics.registry.get_sample_value
    labels = NAMES | {"decision": "Retrain", "reason": "Accepted"}

    assert value("trimtab_retrain_triggers_total", labels) == 1
    assert value("trimtab_decision_outcomes_total", NAMES | {"outcome": "Retrain"}) == 1


def test_triggers_are_counted_from_nought() -> None:
    metrics = Metrics()
    observe(metrics, monitor())
    value = metrics.registry.get_sample_value
    labels = NAMES | {"decision": "Suppress", "reason": "BudgetExhausted"}
    assert value("trimtab_retrain_triggers_total", labels) == 0
    assert value("trimtab_decision_outcomes_total", NAMES | {"outcome": "Alert"}) == 0


def test_every_reason_of_a_guard_is_one_that_no_other_outcome_has() -> None:
    others = {
        DecisionReason.RULE_HOLDS,
        DecisionReason.ACCEPTED,
        DecisionReason.NO_RULE_HOLDS,
        DecisionReason.NOT_SUSTAINED,
        DecisionReason.NOT_MEASURED,
        DecisionReason.VERSION_REPLACED,
        DecisionReason.SUSPENDED,
    }
    assert set(GUARDS) == set(DecisionReason) - others


def rule_holds(metrics: Metrics, rule: str, kind: str) -> float | None:
    labels = NAMES | {"model": "bikes", "rule": rule, "kind": kind}
    return metrics.registry.get_sample_value("trimtab_rule_holding", labels)


def test_a_rule_holds_until_a_window_with_an_honest_value_clears_it() -> None:
    metrics = Metrics()
    seen = Observations(metrics)
    before, found = monitor(), []
    for number in range(1, len(QUALITIES) + 1):
        windows = [window(day, quality=drop) for day, drop in enumerate(QUALITIES[:number], 1)]
        status = before.status.to_wire()
        status.pop("evaluations", None)
        after = decide_next(scene(monitor(*windows, status=status))).status
        seen.observe("DriftMonitor", before, after)
        before = monitor(status=after.to_wire())
        found.append(rule_holds(metrics, "quality-drop", "RealisedQuality"))
    assert found == [1, 1, 0]


def test_a_rule_that_is_gone_leaves_no_series() -> None:
    metrics = Metrics()
    other = {"name": "moved", "signal": "inputs", "value": "0.5", "outcome": "Alert"}
    seen = observe(metrics, monitor())
    assert rule_holds(metrics, "input-drift", "InputDrift") == 0
    seen.observe("DriftMonitor", monitor(rules=[other]), monitor().status)
    assert rule_holds(metrics, "input-drift", "InputDrift") is None
    assert rule_holds(metrics, "moved", "InputDrift") == 0


def test_what_is_pending_and_the_breaker_are_gauges() -> None:
    metrics = Metrics()
    value = metrics.registry.get_sample_value
    after = monitor(status={"pending": pending(), "breaker": {"open": True, "failures": 3}})
    observe(metrics, after)
    assert value("trimtab_retrain_pending", NAMES) == 1
    assert value("trimtab_retrain_breaker_open", NAMES) == 1
    observe(metrics, monitor())
    assert value("trimtab_retrain_pending", NAMES) == 0
    assert value("trimtab_retrain_breaker_open", NAMES) == 0


def test_a_monitor_that_is_gone_leaves_no_series() -> None:
    metrics = Metrics()
    seen = observe(metrics, decided("Suppress", "Cooldown"), decided("Retrain", "RuleHolds"))
    seen.forget("DriftMonitor", "demo", "bikes")
    seen.forget("DriftMonitor", "demo", "bikes")

    left = [
        sample
        for family in metrics.registry.collect()
        for sample in family.samples
        if sample.labels.get("monitor") == "bikes"
    ]
    assert left == []
