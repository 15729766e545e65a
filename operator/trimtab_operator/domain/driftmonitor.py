"""What a DriftMonitor needs next: follow its retrains, take a person's word, decide a window."""

from datetime import datetime

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.domain.conditions import Moment, Truth, Verdict, set_conditions
from trimtab_operator.domain.monitor_conditions import (
    blocked,
    paused_verdict,
    pending_verdict,
    watching,
    without_champion,
)
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.observed import ObservedDriftMonitor
from trimtab_operator.domain.plan import Plan
from trimtab_operator.domain.retrain_progress import follow_retrains, trip_breaker
from trimtab_operator.domain.storage import storage_verdict
from trimtab_operator.domain.suggestion import accept_suggestion
from trimtab_operator.domain.validation import monitor_verdict
from trimtab_operator.domain.window_decision import decide_next, undecided

SLOT_SECONDS = 15.0
"""How often a retrain that waits for a slot of the fleet asks again."""
NEXT_WINDOW_SECONDS = 1.0


def plan_driftmonitor(monitor: DriftMonitor, observed: ObservedDriftMonitor, now: datetime) -> Plan:
    """Return what to do for a DriftMonitor: at most one window is decided at a time."""
    if monitor.metadata.deletion_timestamp is not None:
        return Plan(status=monitor.status)
    scene = trip_breaker(follow_retrains(MonitorScene(monitor, observed, now, monitor.status)))
    validated = monitor_verdict(monitor, observed)
    storage = storage_verdict(observed.storage, observed.release, monitor.metadata.namespace)
    common = [validated, storage, paused_verdict(scene)]
    if validated.status != Truth.TRUE:
        return _finish(scene, [*common, *blocked(validated), pending_verdict(scene)])
    if scene.champion is None:
        return _finish(scene, [*common, *without_champion(scene), pending_verdict(scene)])
    for step in (accept_suggestion, decide_next):
        scene = step(scene)
    return _finish(scene, [*common, *watching(scene)], _look_again(scene))


def _look_again(scene: MonitorScene) -> float | None:
    """Return when to look again: soon for the next window, later for a slot of the fleet."""
    last, waiting = scene.status.decision, undecided(scene.status)
    if last is None or not waiting:
        return None
    return SLOT_SECONDS if waiting[0].end == last.window_end else NEXT_WINDOW_SECONDS


def _finish(scene: MonitorScene, verdicts: list[Verdict], requeue: float | None = None) -> Plan:
    """Return the plan with its whole status."""
    moment = Moment(scene.monitor.metadata.generation, scene.now)
    status = scene.status.model_copy(
        update={
            "observed_generation": moment.generation,
            "conditions": set_conditions(scene.status.conditions, verdicts, moment),
        }
    )
    return Plan(status=status, actions=scene.actions, requeue_after=requeue)
