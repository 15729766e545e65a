"""Decides evaluated windows in order, each once, and says so in status, records and events."""

import re
from collections.abc import Sequence

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import (
    RETRAINS,
    WINDOWS,
    DecisionOutcome,
    DriftMonitorStatus,
    EvaluatedWindow,
    MonitorDecision,
    PendingRetrain,
    Retrain,
    RetrainState,
    SuppressedCount,
)
from trimtab_operator.domain.identity import verdict_id
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.plan import Action, Emit, EventType, Record
from trimtab_operator.domain.retrain_decision import RetrainDecision, decide_window
from trimtab_operator.domain.stamp import stamp
from trimtab_stages.contract.audit import AuditAction, AuditEvidence

MAX_MESSAGE = 1024
RECORDED = {
    DecisionOutcome.RETRAIN: (AuditAction.RETRAIN_DECIDED, EventType.NORMAL),
    DecisionOutcome.SUGGEST: (AuditAction.RETRAIN_SUGGESTED, EventType.NORMAL),
    DecisionOutcome.SUPPRESS: (AuditAction.RETRAIN_SUPPRESSED, EventType.WARNING),
    DecisionOutcome.ALERT: (AuditAction.ALERT_RAISED, EventType.WARNING),
    DecisionOutcome.HOLD_RETRAINING: (AuditAction.RETRAINING_HELD, EventType.WARNING),
    DecisionOutcome.WAIT: (AuditAction.WAITED, EventType.NORMAL),
}
"""Every decision is recorded before it acts."""
ASKED_AGAIN = {DecisionOutcome.SUPPRESS, DecisionOutcome.WAIT}
"""What may be decided of one window for one reason after the other, and is recorded each time."""
WORDS = re.compile(r"(?P<reason>\w+): window until (?P<end>\S+): (Rule `(?P<rule>[^`]+)`)?")
"""How the words of a record begin."""


def undecided(status: DriftMonitorStatus) -> tuple[EvaluatedWindow, ...]:
    """Return the windows to decide, oldest first.

    In order, so that what is decided does not depend on when the operator looked. A window whose
    retrain waits for a slot of the fleet is decided again until a newer one is there.
    """
    last = status.decision
    if last is None:
        return tuple(status.evaluations)
    newer = tuple(item for item in status.evaluations if item.end > last.window_end)
    if newer or last.reason is not DecisionReason.FLEET_BUSY:
        return newer
    return tuple(item for item in status.evaluations if item.end == last.window_end)


def decide_next(scene: MonitorScene) -> MonitorScene:
    """Return the scene after the decision of the oldest undecided window."""
    windows = undecided(scene.status)
    if not windows:
        return scene
    window = windows[0]
    decision = _decision(scene, window, decide_window(scene, window))
    last = scene.status.decision
    same = last is not None and last.window_end == window.end
    if last is not None and same and (last.outcome, last.reason) == _kind(decision):
        return scene
    actions = (*_end_of_wait(last, decision), *_actions(decision, window))
    return scene.after(*actions, **_update(scene, decision, renew=same))


def _end_of_wait(last: MonitorDecision | None, now: MonitorDecision) -> tuple[Action, ...]:
    """Return the record that a retrain does not wait for a slot any more, whatever comes of it."""
    if last is None or last.reason is not DecisionReason.FLEET_BUSY:
        return ()
    if now.window_end != last.window_end:
        then = f"window until {stamp(now.window_end)} takes its place"
    elif now.outcome is DecisionOutcome.RETRAIN:
        then = "it starts"
    else:
        then = f"{now.outcome}, {now.reason}: {now.message}"
    words = f"Window until {stamp(last.window_end)} waited since {stamp(last.time)}: {then}"
    return (Record(AuditAction.SLOT_WAIT_ENDED, words[:MAX_MESSAGE], last.trigger_id),)


def _decision(
    scene: MonitorScene, window: EvaluatedWindow, found: RetrainDecision
) -> MonitorDecision:
    return MonitorDecision(
        window_end=window.end,
        outcome=found.outcome,
        reason=found.reason,
        message=found.message[:MAX_MESSAGE],
        rule=found.rule.name if found.rule is not None else None,
        version=window.version,
        trigger_id=verdict_id(scene.seen.pipeline, scene.monitor, window.version, window.end),
        holding=list(found.holding),
        time=scene.now,
    )


def _kind(decision: MonitorDecision) -> tuple[DecisionOutcome, DecisionReason]:
    return decision.outcome, decision.reason


def _update(scene: MonitorScene, decision: MonitorDecision, *, renew: bool) -> dict[str, object]:
    """Return the status fields that a decision changes.

    Args:
        scene: before the decision.
        decision: the decision.
        renew: the window was decided before, for want of a slot.
    """
    status = scene.status
    earlier = status.decisions[:-1] if renew else status.decisions
    update: dict[str, object] = {
        "decision": decision,
        "decisions": [*earlier, decision][-WINDOWS:],
    }
    match decision.outcome:
        case DecisionOutcome.RETRAIN:
            return update | started(status.retrains, pending_retrain(decision))
        case DecisionOutcome.SUGGEST:
            return update | {"suggestion": pending_retrain(decision)}
        case DecisionOutcome.SUPPRESS:
            return update | {"suppressed": counted(status.suppressed, decision.reason)}
        case _:
            return update


def pending_retrain(decision: MonitorDecision) -> PendingRetrain:
    """Return the retrain that a decision stands for."""
    return PendingRetrain(
        trigger_id=decision.trigger_id,
        window_end=decision.window_end,
        baseline=decision.version,
        message=decision.message,
        since=decision.time,
    )


def started(retrains: Sequence[Retrain], retrain: PendingRetrain) -> dict[str, object]:
    """Return the status fields of a retrain that begins: it is pending, and one of the newest."""
    entry = Retrain(
        trigger_id=retrain.trigger_id, window_end=retrain.window_end, time=retrain.since
    )
    return {
        "pending": retrain,
        "suggestion": None,
        "retrains": _kept([*retrains, entry]),
    }


def _kept(retrains: Sequence[Retrain]) -> list[Retrain]:
    """Return as many retrains as the status has room for; those that the budget counts go last."""
    kept = list(retrains)
    while len(kept) > RETRAINS:
        free = (item for item in kept if item.state is RetrainState.WITHDRAWN)
        kept.remove(next(free, kept[0]))
    return kept


def counted(counts: Sequence[SuppressedCount], reason: DecisionReason) -> list[SuppressedCount]:
    """Return the counts after one more suppression, by reason."""
    by_reason = {item.reason: item.count for item in counts}
    by_reason[reason] = by_reason.get(reason, 0) + 1
    return [SuppressedCount(reason=key, count=by_reason[key]) for key in sorted(by_reason)]


def _actions(decision: MonitorDecision, window: EvaluatedWindow) -> tuple[Action, ...]:
    action, kind = RECORDED[decision.outcome]
    evidence = (
        AuditEvidence(name="evaluation", digest=window.report.digest),
        AuditEvidence(name="model", digest=decision.version),
    )
    cause = decision.trigger_id
    if decision.outcome in ASKED_AGAIN:
        cause = f"{cause}-{decision.reason}"
    end = stamp(decision.window_end)
    words = f"{decision.reason}: window until {end}: {decision.message}"[:MAX_MESSAGE]
    return Record(action, words, cause, evidence), Emit(kind, action, words)
