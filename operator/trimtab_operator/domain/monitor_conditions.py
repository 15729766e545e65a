"""What a DriftMonitor's conditions say: what was found, what was decided, what is awaited."""

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.monitor_status import (
    EvaluatedWindow,
    MonitorDecision,
    PendingRetrain,
    RetrainState,
)
from trimtab_operator.domain.circuit_breaker import open_breaker
from trimtab_operator.domain.conditions import (
    Verdict,
    is_false,
    is_true,
    is_unknown,
    paused,
    reconciling,
    stalled,
)
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.next_step import next_step
from trimtab_operator.domain.retrain_progress import describe_end
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.domain.suggestion import unknown_acceptance
from trimtab_stages.contract.monitoring import SignalKind

READY = ConditionType.READY
DATA_FAULT, DRIFTED = ConditionType.DATA_FAULT, ConditionType.DRIFTED
PENDING = ConditionType.RETRAIN_PENDING


def paused_verdict(scene: MonitorScene) -> Verdict:
    """Return the Paused condition."""
    effect = "Nothing is decided until `spec.suspend` is false; windows that close are passed over."
    return paused(suspend=scene.monitor.spec.suspend, effect=effect)


def blocked(validated: Verdict) -> list[Verdict]:
    """Return Ready, and Stalled or Reconciling, of a spec that cannot be followed."""
    not_ready = is_false(READY, validated.reason, validated.message)
    if validated.reason == Reason.REFERENCE_NOT_FOUND:
        return [not_ready, reconciling(validated.reason, validated.message)]
    return [not_ready, stalled(validated.reason, validated.message)]


def without_champion(scene: MonitorScene) -> list[Verdict]:
    """Return that there is nothing to watch yet."""
    name = scene.monitor.spec.model_ref.name
    words = f"Model `{name}` serves no version yet; `kubectl describe model {name}` tells why."
    why = Reason.WAITING_FOR_CHAMPION
    return [is_false(READY, why, words), reconciling(why, words)]


def watching(scene: MonitorScene) -> list[Verdict]:
    """Return Ready, what was found, and what is pending."""
    return [*_ready(scene), _data_fault(scene), _drifted(scene), pending_verdict(scene)]


def _ready(scene: MonitorScene) -> list[Verdict]:
    opened = open_breaker(scene.status.breaker, scene.name)
    if opened is not None:
        why = Reason.BREAKER_OPEN
        return [is_false(READY, why, opened.message), stalled(why, opened.message)]
    last = scene.status.decision
    if last is None:
        words = "No window has been evaluated yet: one closes when later event times are seen."
        return [is_true(READY, Reason.WATCHING, words)]
    end = stamp(last.window_end)
    words = f"Window until {end}: {last.outcome}, {last.reason}. {last.message}"
    return [is_true(READY, Reason.WATCHING, words)]


def _data_fault(scene: MonitorScene) -> Verdict:
    last = _newest_window(scene)
    if last is None:
        return is_unknown(DATA_FAULT, Reason.NOT_EVALUATED, "No window has been evaluated yet.")
    if last.faults:
        words = "; ".join(f"{fault.kind}: {fault.message}" for fault in last.faults)
        return is_true(DATA_FAULT, last.faults[0].kind, words)
    holding = _holding(scene, faults=True)
    if holding:
        words = f"No fault in the newest window; {_named(holding)} still holds."
        return is_true(DATA_FAULT, Reason.RULE_HOLDS, words)
    return is_false(DATA_FAULT, Reason.NO_FAULT, "The newest window has no data fault.")


def _drifted(scene: MonitorScene) -> Verdict:
    last = scene.status.decision
    if last is None:
        return is_unknown(DRIFTED, Reason.NOT_EVALUATED, "No window has been evaluated yet.")
    holding = _holding(scene, faults=False)
    if not holding:
        return is_false(DRIFTED, Reason.NO_RULE_HOLDS, _last_words(last))
    return is_true(DRIFTED, Reason.RULE_HOLDS, f"{_named(holding)} holds. {_last_words(last)}")


def pending_verdict(scene: MonitorScene) -> Verdict:
    """Return whether a retrain is pending, what it waits for, and why the last one failed."""
    pending, suggestion = scene.status.pending, scene.status.suggestion
    unknown = unknown_acceptance(scene)
    if pending is not None:
        return _at_work(scene, pending)
    if suggestion is not None:
        words = f"{suggestion.message} `kubectl trimtab accept driftmonitor/{scene.name}` starts it"
        return is_false(PENDING, Reason.RETRAIN_SUGGESTED, f"{words}. {unknown}".strip())
    last = scene.status.retrains[-1] if scene.status.retrains else None
    if last is not None and last.state is RetrainState.FAILED and last.message is not None:
        words = f"{describe_end(last)} {unknown}".strip()
        return is_false(PENDING, Reason.RETRAIN_FAILED, words)
    return is_false(PENDING, Reason.IDLE, f"No retrain is pending. {unknown}".strip())


def _at_work(scene: MonitorScene, pending: PendingRetrain) -> Verdict:
    """Return that a retrain is pending, and what has the next step."""
    states = {item.trigger_id: item for item in scene.status.retrains}
    entry = states.get(pending.trigger_id)
    if entry is not None and entry.run is not None:
        words = f"{pending.message} Now run `{entry.run}` is at work."
        return is_true(PENDING, Reason.RETRAIN_DECIDED, words)
    step = next_step(scene, pending.window_end)
    return is_true(PENDING, step.reason, f"{pending.message} {step.message}")


def _newest_window(scene: MonitorScene) -> EvaluatedWindow | None:
    return scene.status.evaluations[-1] if scene.status.evaluations else None


def _holding(scene: MonitorScene, *, faults: bool) -> list[str]:
    """Return the rules on faults, or on all other signals, whose condition holds."""
    spec, last = scene.monitor.spec, scene.status.decision
    kinds = {signal.name: signal.kind for signal in spec.signals}
    names = last.holding if last is not None else []
    return [
        rule.name
        for rule in spec.rules
        if rule.name in names and (kinds[rule.signal] is SignalKind.DATA_FAULT) is faults
    ]


def _named(rules: list[str]) -> str:
    return "Rule " + ", ".join(f"`{name}`" for name in rules)


def _last_words(last: MonitorDecision) -> str:
    return f"Window until {stamp(last.window_end)}: {last.message}"
