"""Turns what a DriftMonitor decided into metrics."""

import contextlib

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import (
    DecisionOutcome,
    DriftMonitorStatus,
    MonitorDecision,
)
from trimtab_operator.domain.retrain_decision import GUARDS
from trimtab_operator.telemetry.metrics import Metrics

TRIGGERS = frozenset({DecisionOutcome.RETRAIN, DecisionOutcome.SUGGEST, DecisionOutcome.SUPPRESS})
"""Outcomes of a rule that asked for a retrain."""


class MonitorObservations:
    """Keeps the metrics of DriftMonitors in step with their status.

    Args:
        metrics: where to.
    """

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._outcomes: set[tuple[str, str, str]] = set()
        self._triggers: set[tuple[str, str, str, str]] = set()
        self._rules: dict[tuple[str, str], set[tuple[str, ...]]] = {}

    def observe(self, before: DriftMonitor, after: DriftMonitorStatus) -> None:
        """Record a DriftMonitor's new status; a decision counts once, where it is made."""
        names = (before.metadata.namespace, before.metadata.name)
        self._metrics.retrain_pending.labels(*names).set(after.pending is not None)
        self._metrics.breaker_open.labels(*names).set(after.breaker.open)
        self._begin(names)
        self._show_rules(names, before, after.decision)
        if after.last_handled_acceptance != before.status.last_handled_acceptance:
            # The suggestion may be of an older window than the newest decision.
            self._count(names, DecisionOutcome.RETRAIN, DecisionReason.ACCEPTED)
        decision = after.decision
        is_new = decision is not None and decision != before.status.decision
        if is_new and decision is not None and decision.reason is not DecisionReason.ACCEPTED:
            self._count(names, decision.outcome, decision.reason)

    def _begin(self, names: tuple[str, str]) -> None:
        """Let counters begin at 0: one whose first value is 1 hides that event from `increase`."""
        suppress, suggest = DecisionOutcome.SUPPRESS.value, DecisionOutcome.SUGGEST.value
        self._outcomes |= {(*names, outcome.value) for outcome in DecisionOutcome}
        self._triggers |= {(*names, suppress, reason.value) for reason in GUARDS}
        self._triggers.add((*names, suggest, DecisionReason.RULE_HOLDS.value))
        for outcome in (item for item in self._outcomes if item[:2] == names):
            self._metrics.decision_outcomes.labels(*outcome)
        for trigger in (item for item in self._triggers if item[:2] == names):
            self._metrics.retrain_triggers.labels(*trigger)

    def _show_rules(
        self, names: tuple[str, str], monitor: DriftMonitor, decision: MonitorDecision | None
    ) -> None:
        kinds = {signal.name: signal.kind.value for signal in monitor.spec.signals}
        model = monitor.spec.model_ref.name
        holding = decision.holding if decision is not None else []
        shown = {
            (*names, model, rule.name, kinds[rule.signal]): rule.name in holding
            for rule in monitor.spec.rules
            if rule.signal in kinds
        }
        for gone in self._rules.get(names, set()) - shown.keys():
            self._metrics.rule_holding.remove(*gone)
        for labels, holds in shown.items():
            self._metrics.rule_holding.labels(*labels).set(holds)
        self._rules[names] = set(shown)

    def _count(
        self, names: tuple[str, str], outcome: DecisionOutcome, reason: DecisionReason
    ) -> None:
        self._outcomes.add((*names, outcome.value))
        self._metrics.decision_outcomes.labels(*names, outcome.value).inc()
        if outcome in TRIGGERS:
            trigger = (*names, outcome.value, reason.value)
            self._triggers.add(trigger)
            self._metrics.retrain_triggers.labels(*trigger).inc()

    def forget(self, namespace: str, name: str) -> None:
        """Remove the series of a DriftMonitor that is gone."""
        names = (namespace, name)
        with contextlib.suppress(KeyError):
            self._metrics.retrain_pending.remove(*names)
            self._metrics.breaker_open.remove(*names)
        for rule in self._rules.pop(names, set()):
            self._metrics.rule_holding.remove(*rule)
        for outcome in {item for item in self._outcomes if item[:2] == names}:
            self._metrics.decision_outcomes.remove(*outcome)
            self._outcomes.discard(outcome)
        for trigger in {item for item in self._triggers if item[:2] == names}:
            self._metrics.retrain_triggers.remove(*trigger)
            self._triggers.discard(trigger)
