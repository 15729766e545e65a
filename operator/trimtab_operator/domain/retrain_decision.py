"""What follows for one evaluated window: retrain, suggest, suppress, alert, hold, or wait."""

from collections.abc import Iterator
from dataclasses import dataclass

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import DecisionRule, Mode, RuleOutcome
from trimtab_operator.api.monitor_status import DecisionOutcome, EvaluatedWindow
from trimtab_operator.api.pipeline import AutomaticTrigger, Pipeline
from trimtab_operator.domain.circuit_breaker import open_breaker
from trimtab_operator.domain.cooldown import cooldown
from trimtab_operator.domain.failed_retrains import failed_in_a_row
from trimtab_operator.domain.failure_backoff import failure_backoff
from trimtab_operator.domain.fleet_brake import fleet_brake
from trimtab_operator.domain.matched_rule import match_rules
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.one_in_flight import one_in_flight
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.rollout import on_trial
from trimtab_operator.domain.run_budget import run_budget
from trimtab_operator.domain.suppression import Suppression


@dataclass(frozen=True, slots=True)
class RetrainDecision:
    """What follows for a window, with the numbers in plain words."""

    outcome: DecisionOutcome
    reason: DecisionReason
    message: str
    rule: DecisionRule | None = None
    holding: tuple[str, ...] = ()


def decide_window(scene: MonitorScene, window: EvaluatedWindow) -> RetrainDecision:
    """Return what follows for a window. The guards are asked only where a rule wants a retrain."""
    if scene.monitor.spec.suspend:
        words = "`spec.suspend` is set: nothing is decided."
        return RetrainDecision(DecisionOutcome.WAIT, DecisionReason.SUSPENDED, words)
    if window.version != scene.champion:
        words = f"The window was judged against version {window.version[:19]}, which is replaced."
        return RetrainDecision(DecisionOutcome.WAIT, DecisionReason.VERSION_REPLACED, words)
    found = match_rules(scene.monitor.spec, _up_to(scene, window), _holding_before(scene, window))
    if found.rule is None:
        wait = DecisionOutcome.WAIT
        return RetrainDecision(wait, found.reason, found.message, None, found.holding)
    outcome = DecisionOutcome(found.rule.outcome.value)
    decision = RetrainDecision(outcome, found.reason, found.message, found.rule, found.holding)
    if found.rule.outcome is not RuleOutcome.RETRAIN:
        return decision
    return _guarded(scene, window, decision)


def _guarded(
    scene: MonitorScene, window: EvaluatedWindow, decision: RetrainDecision
) -> RetrainDecision:
    """Return the retrain that a rule wants, or what its mode or the first guard makes of it."""
    guard = next((found for found in _guards(scene, window) if found is not None), None)
    if guard is not None:
        suppress = DecisionOutcome.SUPPRESS
        message = f"{decision.message} {guard.message}"
        return RetrainDecision(suppress, guard.reason, message, decision.rule, decision.holding)
    if scene.monitor.spec.mode is Mode.ACT:
        return decision
    suggest, reason = DecisionOutcome.SUGGEST, decision.reason
    return RetrainDecision(suggest, reason, decision.message, decision.rule, decision.holding)


def _guards(scene: MonitorScene, window: EvaluatedWindow) -> Iterator[Suppression | None]:
    spec, status, seen, now = scene.monitor.spec, scene.status, scene.seen, scene.now
    active = next((run.metadata.name for run in scene.runs if not is_finished(run)), None)
    challenger = on_trial(seen.model.status) if seen.model is not None else None
    failed = failed_in_a_row(status.retrains, status.breaker.reset_time)
    yield _way_to_a_run(seen.pipeline)
    yield _observing(spec.mode)
    yield one_in_flight(status.pending, active, challenger)
    yield cooldown(spec, _up_to(scene, window), status.retrains)
    yield open_breaker(status.breaker, scene.name)
    yield failure_backoff(failed, spec.guards.failure_backoff_seconds, now)
    yield run_budget(status.retrains, spec.guards.max_runs_per_30_days, now)
    if spec.mode is Mode.ACT:
        yield fleet_brake(seen.fleet, scene.monitor.metadata.uid, window.end, now)


def _way_to_a_run(pipeline: Pipeline | None) -> Suppression | None:
    """Return why no run could follow, whatever is decided."""
    if pipeline is None:
        words = "The Model serves a file of its own: no Pipeline can retrain it."
        return Suppression(DecisionReason.NO_PIPELINE, words)
    name = pipeline.metadata.name
    if AutomaticTrigger.VERDICT not in {trigger.type for trigger in pipeline.spec.triggers}:
        words = f"Pipeline `{name}` does not list it: add `- type: Verdict` to `spec.triggers`."
        return Suppression(DecisionReason.NO_VERDICT_TRIGGER, words)
    if pipeline.spec.suspend:
        words = f"Pipeline `{name}` is suspended: set its `spec.suspend` to false."
        return Suppression(DecisionReason.PIPELINE_SUSPENDED, words)
    return None


def _observing(mode: Mode) -> Suppression | None:
    if mode is not Mode.OBSERVE:
        return None
    words = "`spec.mode` is Observe: with Suggest or Act a retrain would follow."
    return Suppression(DecisionReason.OBSERVING, words)


def _up_to(scene: MonitorScene, window: EvaluatedWindow) -> list[EvaluatedWindow]:
    return [item for item in scene.status.evaluations if item.end <= window.end]


def _holding_before(scene: MonitorScene, window: EvaluatedWindow) -> list[str]:
    """Return the rules whose condition held after the window before; a new version starts anew."""
    earlier = [item for item in scene.status.decisions if item.window_end < window.end]
    if not earlier or earlier[-1].version != window.version:
        return []
    return list(earlier[-1].holding)
