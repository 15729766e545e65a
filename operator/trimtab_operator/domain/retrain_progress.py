"""Follows what was decided: ends pending retrains, drops what is out of date, trips the breaker."""

from trimtab_operator.api.monitor_status import Breaker, Retrain, RetrainState
from trimtab_operator.domain.circuit_breaker import next_breaker, open_breaker
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.plan import Action, Emit, EventType, Record
from trimtab_operator.domain.retrain_result import OPEN, retrain_result, unless_rolled_back
from trimtab_operator.manifests import labels
from trimtab_stages.contract.audit import AuditAction


def follow_retrains(scene: MonitorScene) -> MonitorScene:
    """Return the scene with what has become of the retrains; one that has ended is not pending."""
    pipeline = scene.seen.pipeline
    if pipeline is None:
        return scene
    handled = pipeline.status.handled_verdicts
    rejected = scene.seen.model.status.rejected if scene.seen.model is not None else []
    retrains = [
        unless_rolled_back(
            _unless_outdated(scene, retrain_result(item, scene.runs, handled, scene.now)), rejected
        )
        for item in scene.status.retrains
    ]
    still_open = {item.trigger_id for item in retrains if item.state in OPEN}
    pending, suggestion = scene.status.pending, scene.status.suggestion
    return scene.after(
        retrains=retrains,
        pending=pending if pending and pending.trigger_id in still_open else None,
        suggestion=suggestion if suggestion and suggestion.baseline == scene.champion else None,
    )


def _unless_outdated(scene: MonitorScene, retrain: Retrain) -> Retrain:
    """Return a retrain, withdrawn where its run has not started and its version is replaced."""
    pending = scene.status.pending
    if pending is None or pending.trigger_id != retrain.trigger_id:
        return retrain
    if retrain.state is not RetrainState.PENDING or pending.baseline == scene.champion:
        return retrain
    gone = {"state": RetrainState.WITHDRAWN, "end_time": scene.now}
    return retrain.model_copy(update=gone)


def trip_breaker(scene: MonitorScene) -> MonitorScene:
    """Return the scene with the breaker opened or closed, recorded where it changes."""
    before = scene.status.breaker
    after = next_breaker(
        before,
        scene.status.retrains,
        scene.monitor.spec.guards.breaker_failures,
        scene.annotation(labels.RESET_BREAKER),
        scene.now,
    )
    return scene.after(*_told(scene, before, after), breaker=after)


def _told(scene: MonitorScene, before: Breaker, after: Breaker) -> tuple[Action, ...]:
    if after.last_handled_reset != before.last_handled_reset:
        action, kind = AuditAction.BREAKER_RESET, EventType.NORMAL
        words = f"A person reset the breaker: '{after.last_handled_reset}'."
        cause = f"{after.last_handled_reset}"[:128]
    elif after.open and not before.open:
        action, kind = AuditAction.BREAKER_OPENED, EventType.WARNING
        opened = open_breaker(after, scene.name)
        words = opened.message if opened is not None else ""
        cause = scene.status.retrains[-1].trigger_id
    else:
        return ()
    return Record(action, words, cause), Emit(kind, action, words)
