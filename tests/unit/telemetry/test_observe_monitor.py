"""Decisions are counted once, and the series of a DriftMonitor go with it."""

from typing import Any

import pytest

from support.decisions import monitor, pending
from support.specs import DIGEST
from support.worlds import NOW
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_operator.telemetry.observe import Observations

NAMES = {"namespace": "demo", "monitor": "bikes"}


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
