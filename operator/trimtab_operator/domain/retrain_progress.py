"""Follows what was decided: ends pending retrains, drops what is out of date, trips the breaker."""

from trimtab_operator.api.monitor_status import Breaker, Retrain, RetrainState
from trimtab_operator.domain.circuit_breaker import next_breaker, open_breaker
from trimtab_operator.domain.failed_ingest import unless_ingest_failed
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.plan import Action, Emit, EventType, Record
from trimtab_operator.domain.retrain_result import (
    OPEN,
    ended,
    retrain_result,
    unless_rolled_back,
)
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.manifests import labels
from trimtab_stages.contract.audit import AuditAction

MAX_MESSAGE = 1024


def follow_retrains(scene: MonitorScene) -> MonitorScene:
    """Return the scene with what has become of the retrains; one that has ended is not pending."""
    if scene.seen.pipeline is None and not scene.seen.pipeline_gone:
        return scene
    before = scene.status.retrains
    retrains = [_followed(scene, item) for item in before]
    still_open = {item.trigger_id for item in retrains if item.state in OPEN}
    pending, suggestion = scene.status.pending, scene.status.suggestion
    return scene.after(
        *(action for pair in zip(before, retrains, strict=True) for action in _untold(*pair)),
        retrains=retrains,
        pending=pending if pending and pending.trigger_id in still_open else None,
        suggestion=suggestion if suggestion and suggestion.baseline == scene.champion else None,
    )


def describe_end(retrain: Retrain) -> str:
    """Return why a retrain ended, in one sentence."""
    return f"Retrain for the window that ended {stamp(retrain.window_end)}: {retrain.message}"


def _followed(scene: MonitorScene, retrain: Retrain) -> Retrain:
    """Return a retrain with what has become of it."""
    pipeline, model = scene.seen.pipeline, scene.seen.model
    handled = pipeline.status.handled_verdicts if pipeline is not None else ()
    rejected = model.status.rejected if model is not None else ()
    found = retrain_result(retrain, scene.runs, handled, scene.now)
    found = unless_ingest_failed(_unless_outdated(scene, found), scene.seen.dataset, scene.now)
    return unless_rolled_back(found, rejected)


def _unless_outdated(scene: MonitorScene, retrain: Retrain) -> Retrain:
    """Return a retrain, withdrawn where its run has not started and never will."""
    pending = scene.status.pending
    if pending is None or pending.trigger_id != retrain.trigger_id:
        return retrain
    if retrain.state is not RetrainState.PENDING:
        return retrain
    if scene.seen.pipeline is None:
        words = "the Model or its Pipeline was deleted."
        return ended(retrain, RetrainState.WITHDRAWN, words, scene.now)
    if pending.baseline != scene.champion:
        words = "the version that it was decided for does not serve any more."
        return ended(retrain, RetrainState.WITHDRAWN, words, scene.now)
    return retrain


def _untold(before: Retrain, after: Retrain) -> tuple[Action, ...]:
    """Return the record of an end that no run's own record tells."""
    if before.state not in OPEN or after.state in OPEN or after.message is None:
        return ()
    kind = EventType.NORMAL if after.state is RetrainState.WITHDRAWN else EventType.WARNING
    words = describe_end(after)[:MAX_MESSAGE]
    action = AuditAction.RETRAIN_ENDED
    return Record(action, words, after.trigger_id), Emit(kind, action, words)


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
