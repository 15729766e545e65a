"""What follows for one evaluated window: retrain, suggest, suppress, alert, hold, or wait."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import DecisionRule, Mode, RuleOutcome
from trimtab_operator.api.monitor_status import DecisionOutcome, EvaluatedWindow
from trimtab_operator.api.pipeline import AutomaticTrigger, Pipeline
from trimtab_operator.domain.circuit_breaker import open_breaker
from trimtab_operator.domain.cooldown import cooldown
from trimtab_operator.domain.failed_retrains import failed_in_a_row
from trimtab_operator.domain.failure_backoff import failure_backoff
from trimtab_operator.domain.fleet_brake import fleet_brake
from trimtab_operator.domain.matched_rule import RuleMatch, match_rules
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.one_in_flight import one_in_flight
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.rollout import on_trial
from trimtab_operator.domain.run_budget import run_budget, spent_times
from trimtab_operator.domain.suppression import Suppression

GUARDS = (
    DecisionReason.NO_PIPELINE,
    DecisionReason.NO_VERDICT_TRIGGER,
    DecisionReason.PIPELINE_SUSPENDED,
    DecisionReason.OBSERVING,
    DecisionReason.IN_FLIGHT,
    DecisionReason.COOLDOWN,
    DecisionReason.BREAKER_OPEN,
    DecisionReason.FAILURE_BACKOFF,
    DecisionReason.BUDGET_EXHAUSTED,
    DecisionReason.FLEET_BUSY,
)
"""Guards by the reasons that they give, the one that tells first."""


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
    return decide_matched(scene.monitor.spec.mode, found, _guards(scene, window))


def decide_matched(
    mode: Mode, found: RuleMatch, guards: Iterable[Suppression | None]
) -> RetrainDecision:
    """Return what follows from what the rules say of a window.

    Args:
        mode: `spec.mode`.
        found: what the rules say.
        guards: what the guards say, in any order; the first in `GUARDS` tells.
    """
    if found.rule is None:
        wait = DecisionOutcome.WAIT
        return RetrainDecision(wait, found.reason, found.message, None, found.holding)
    outcome = DecisionOutcome(found.rule.outcome.value)
    decision = RetrainDecision(outcome, found.reason, found.message, found.rule, found.holding)
    wants = found.rule.outcome is RuleOutcome.RETRAIN
    return _guarded(mode, decision, guards) if wants else decision


def _guarded(
    mode: Mode, decision: RetrainDecision, guards: Iterable[Suppression | None]
) -> RetrainDecision:
    """Return the retrain that a rule wants, or what the first guard or the mode makes of it."""
    speaking = (guard for guard in guards if guard is not None)
    guard = min(speaking, key=lambda one: GUARDS.index(one.reason), default=None)
    if guard is not None:
        suppress, words = DecisionOutcome.SUPPRESS, f"{decision.message} {guard.message}"
        return replace(decision, outcome=suppress, reason=guard.reason, message=words)
    return decision if mode is Mode.ACT else replace(decision, outcome=DecisionOutcome.SUGGEST)


def _guards(scene: MonitorScene, window: EvaluatedWindow) -> Iterator[Suppression | None]:
    spec, status, seen, now = scene.monitor.spec, scene.status, scene.seen, scene.now
    active = next((run.metadata.name for run in scene.runs if not is_finished(run)), None)
    challenger = on_trial(seen.model.status) if seen.model is not None else None
    spent = spent_times([*status.retrains, *seen.others_retrains], scene.runs)
    failed = failed_in_a_row(status.retrains, status.breaker.reset_time)
    yield _way_to_a_run(seen.pipeline)
    yield observing(spec.mode)
    yield one_in_flight(status.pending, active, challenger)
    yield cooldown(spec, _up_to(scene, window), status.retrains)
    yield open_breaker(status.breaker, scene.name)
    yield failure_backoff(failed, spec.guards.failure_backoff_seconds, now)
    yield run_budget(spent, spec.guards.max_runs_per_30_days, now)
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


def observing(mode: Mode) -> Suppression | None:
    """Return that nothing follows in mode Observe."""
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
