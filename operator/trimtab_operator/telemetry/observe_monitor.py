"""Turns what a DriftMonitor decided into metrics."""

import contextlib

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import (
    DecisionOutcome,
    DriftMonitorStatus,
    MonitorDecision,
)
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

    def observe(self, before: DriftMonitor, after: DriftMonitorStatus) -> None:
        """Record a DriftMonitor's new status; a decision counts once, where it is made."""
        names = (before.metadata.namespace, before.metadata.name)
        self._metrics.retrain_pending.labels(*names).set(after.pending is not None)
        self._metrics.breaker_open.labels(*names).set(after.breaker.open)
        if after.decision is not None and after.decision != before.status.decision:
            self._count(names, after.decision)

    def _count(self, names: tuple[str, str], decision: MonitorDecision) -> None:
        outcome = (*names, decision.outcome.value)
        self._outcomes.add(outcome)
        self._metrics.decision_outcomes.labels(*outcome).inc()
        if decision.outcome in TRIGGERS:
            trigger = (*outcome, decision.reason.value)
            self._triggers.add(trigger)
            self._metrics.retrain_triggers.labels(*trigger).inc()

    def forget(self, namespace: str, name: str) -> None:
        """Remove the series of a DriftMonitor that is gone."""
        names = (namespace, name)
        with contextlib.suppress(KeyError):
            self._metrics.retrain_pending.remove(*names)
            self._metrics.breaker_open.remove(*names)
        for outcome in {item for item in self._outcomes if item[:2] == names}:
            self._metrics.decision_outcomes.remove(*outcome)
            self._outcomes.discard(outcome)
        for trigger in {item for item in self._triggers if item[:2] == names}:
            self._metrics.retrain_triggers.remove(*trigger)
            self._triggers.discard(trigger)
