"""What was recorded of a DriftMonitor's decisions: in its status and in the audit log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.base import ObjectMeta
from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import (
    DecisionOutcome,
    DriftMonitorStatus,
    EvaluatedWindow,
    MonitorDecision,
    Retrain,
)
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.domain.window_decision import RECORDED, WORDS
from trimtab_stages.contract.audit import AuditRecord
from trimtab_stages.contract.words import read_word

OUTCOMES = {action: outcome for outcome, (action, _) in RECORDED.items()}


@dataclass(frozen=True, slots=True)
class Recorded:
    """One recorded decision.

    Attributes:
        place: where it stands.
        window_end: end of the window.
        version: version that the window was judged against.
        outcome: what was decided, before a person accepted it.
        reason: why.
        rule: rule that decided.
        trigger_id: identity of its cause.
        report: digest of the report that it rests on; None where that is not recorded.
        holding: rules whose condition held after it; None where that is not recorded.
        retrains: those that had been decided; None where what became of them is not recorded.
    """

    place: str
    window_end: datetime
    version: str
    outcome: DecisionOutcome
    reason: DecisionReason
    rule: str | None
    trigger_id: str
    report: str | None = None
    holding: tuple[str, ...] | None = None
    retrains: tuple[Retrain, ...] | None = None

    def is_of(self, window: EvaluatedWindow) -> bool:
        """Return whether a window was decided."""
        return (self.window_end, self.version) == (window.end, window.version)


def of_status(status: DriftMonitorStatus) -> tuple[Recorded, ...]:
    """Return the decisions that a status keeps, oldest first; there are none in a manifest."""
    return tuple(_of_decision(item, status.retrains) for item in status.decisions)


def _of_decision(decision: MonitorDecision, retrains: Iterable[Retrain]) -> Recorded:
    accepted = decision.reason is DecisionReason.ACCEPTED
    return Recorded(
        place="the status",
        window_end=decision.window_end,
        version=decision.version,
        outcome=DecisionOutcome.SUGGEST if accepted else decision.outcome,
        reason=DecisionReason.RULE_HOLDS if accepted else decision.reason,
        rule=decision.rule,
        trigger_id=decision.trigger_id,
        holding=tuple(decision.holding),
        retrains=tuple(
            item
            for item in retrains
            if item.window_end < decision.window_end and item.time <= decision.time
        ),
    )


def of_log(records: Iterable[AuditRecord], monitor: ObjectMeta) -> tuple[Recorded, ...]:
    """Return the decisions of a DriftMonitor in the audit log, oldest first.

    An earlier one of its name is another; only a manifest, which has no uid, cannot tell.

    Raises:
        Refusal: the namespace is not known and several have a DriftMonitor of this name, or a
            record has other words.
    """
    found = [
        item
        for item in records
        if item.action in OUTCOMES
        and item.object.name == monitor.name
        and monitor.namespace in {"", item.object.namespace}
        and monitor.uid in {"", item.object.uid}
    ]
    namespaces = sorted({item.object.namespace for item in found})
    if len(namespaces) > 1:
        words = f"DriftMonitors '{monitor.name}' of {', '.join(namespaces)} stand in the audit log"
        raise Refusal("Ambiguous", f"{words}; name one with -n")
    return tuple(map(_of_record, found))


def _of_record(record: AuditRecord) -> Recorded:
    words = WORDS.match(record.reason)
    evidence = {item.name: item.digest for item in record.evidence}
    if words is None or "model" not in evidence:
        raise Refusal("NotReadable", f"audit record {record.sequence} tells no decision")
    outcome = OUTCOMES[record.action]
    return Recorded(
        place="the audit log",
        window_end=datetime.fromisoformat(words["end"]),
        version=evidence["model"],
        outcome=outcome,
        reason=read_word(DecisionReason, words["reason"]),
        # The words of a Wait begin with a rule that decided nothing.
        rule=words["rule"] if outcome is not DecisionOutcome.WAIT else None,
        trigger_id=record.cause.partition("-")[0],
        report=evidence.get("evaluation"),
    )
