"""Lines of a DriftMonitor's box: what it has retrained, and what came of it."""

from datetime import UTC

from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model, ModelStatus
from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.api.rollout import RolloutState
from trimtab_operator.cli.diagram.folding import folded
from trimtab_operator.cli.diagram.picture import Item, State
from trimtab_operator.cli.diagram.scene import Scene

SHOWN_RETRAINS = 3
SHOWN_LINES = 4
"""Two for run, gates and rollout, two for the cause."""
STATES = {
    RetrainState.PENDING: State.WAITING,
    RetrainState.RUNNING: State.ACTIVE,
    RetrainState.PASSED: State.GOOD,
    RetrainState.FAILED: State.ATTENTION,
    RetrainState.ROLLED_BACK: State.ATTENTION,
    RetrainState.WITHDRAWN: State.WAITING,
    RetrainState.DELETED: State.ATTENTION,
}


def retrain_items(monitor: DriftMonitor, scene: Scene) -> tuple[Item, ...]:
    """Return the retrains that the status keeps, newest first; older ones share the last line."""
    items = [_item(one, monitor, scene) for one in reversed(monitor.status.retrains)]
    return folded(items, SHOWN_RETRAINS, State.GOOD)


def _item(retrain: Retrain, monitor: DriftMonitor, scene: Scene) -> Item:
    run = scene.run_named(monitor.metadata.namespace, retrain.run)
    name = f"{retrain.window_end.astimezone(UTC):%Y-%m-%d}"
    rollout = _rollout(retrain, scene.watched_by(monitor))
    told = retrain.message or _cause(retrain, monitor, run)
    words = (f"{retrain.run or 'no run'}.", _gates(run), rollout, told)
    detail = " ".join(word for word in words if word)
    state = STATES.get(retrain.state, State.ATTENTION)
    return Item(state, name, retrain.state.value, detail, lines=SHOWN_LINES)


def _gates(run: PipelineRun | None) -> str:
    found = run.status.condition(ConditionType.GATES_PASSED) if run is not None else None
    return f"Gates: {found.reason}." if found is not None else ""


def _rollout(retrain: Retrain, model: Model | None) -> str:
    """Return what has become of the version that a retrain made, while the Model keeps that."""
    state = _state(retrain.run, model.status) if model is not None and retrain.run else None
    return f"Rollout: {state.value}." if state is not None else ""


def _state(run: str, status: ModelStatus) -> RolloutState | None:
    if status.challenger is not None and status.challenger.run == run:
        return status.rollout.state if status.rollout is not None else RolloutState.PROGRESSING
    if any(item.run == run for item in status.rejected):
        return RolloutState.ROLLED_BACK
    champions = [*status.history, *([status.champion] if status.champion is not None else [])]
    return RolloutState.PROMOTED if any(item.run == run for item in champions) else None


def _cause(retrain: Retrain, monitor: DriftMonitor, run: PipelineRun | None) -> str:
    """Return why it was decided; the run still says so when the status has no room any more."""
    decisions = (item for item in monitor.status.decisions if item.trigger_id == retrain.trigger_id)
    decision = next(decisions, None)
    if decision is not None:
        return decision.message
    return run.spec.trigger_message if run is not None else ""
