"""A suggested retrain becomes a pending one when a person names its trigger id."""

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import DecisionOutcome, MonitorDecision
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.plan import Emit, EventType, Record
from trimtab_operator.domain.window_decision import started
from trimtab_operator.manifests import labels
from trimtab_stages.contract.audit import AuditAction, AuditEvidence


def accept_suggestion(scene: MonitorScene) -> MonitorScene:
    """Return the scene after a person's acceptance, the same where there is none.

    A person's word stands above the guards; only what is pending already must end first.
    """
    suggestion = scene.status.suggestion
    named = scene.annotation(labels.ACCEPT)
    paused = scene.monitor.spec.suspend
    if suggestion is None or named != suggestion.trigger_id or scene.status.pending or paused:
        return scene
    words = f"A person accepted: {suggestion.message}"[:1024]
    evidence = (AuditEvidence(name="model", digest=suggestion.baseline),)
    accepted = suggestion.model_copy(update={"message": words, "since": scene.now})
    decisions = [_accepted(item, named, words) for item in scene.status.decisions]
    last = scene.status.decision
    return scene.after(
        Record(AuditAction.RETRAIN_ACCEPTED, words, named, evidence),
        Emit(EventType.NORMAL, AuditAction.RETRAIN_ACCEPTED, words),
        **started(scene.status.retrains, accepted),
        decisions=decisions,
        decision=_accepted(last, named, words) if last is not None else None,
        last_handled_acceptance=named,
    )


def _accepted(decision: MonitorDecision, named: str, words: str) -> MonitorDecision:
    if decision.trigger_id != named:
        return decision
    return decision.model_copy(
        update={
            "outcome": DecisionOutcome.RETRAIN,
            "reason": DecisionReason.ACCEPTED,
            "message": words,
        }
    )


def unknown_acceptance(scene: MonitorScene) -> str:
    """Return what to say of an annotation that names no suggestion; empty where all is well."""
    named = scene.annotation(labels.ACCEPT)
    suggestion = scene.status.suggestion
    known = {"", scene.status.last_handled_acceptance, suggestion and suggestion.trigger_id}
    if named in known:
        return ""
    return (
        f"Annotation `{labels.ACCEPT}` names {named[:64]}, which is not suggested any more; "
        f"`kubectl trimtab accept driftmonitor/{scene.name}` names what is."
    )
