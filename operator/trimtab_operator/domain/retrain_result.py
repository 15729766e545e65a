"""What has become of a retrain: told by the run that serves its cause."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.api.rollout import RejectedVersion
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.promotion import has_passed
from trimtab_operator.domain.triggers import serves

OPEN = frozenset({RetrainState.PENDING, RetrainState.RUNNING})
"""Retrains that have not ended."""


def retrain_result(
    retrain: Retrain, runs: Sequence[PipelineRun], handled: Collection[str], now: datetime
) -> Retrain:
    """Return a retrain with what has become of it; one that has ended stays as it is.

    Args:
        retrain: the retrain.
        runs: runs of the Pipeline.
        handled: decisions that the Pipeline has started a run for.
        now: wall time.
    """
    if retrain.state not in OPEN:
        return retrain
    run = next((run for run in runs if serves(run, retrain.trigger_id)), None)
    if run is None:
        started = retrain.state is RetrainState.RUNNING or retrain.trigger_id in handled
        words = "its run was deleted before it ended."
        return ended(retrain, RetrainState.DELETED, words, now) if started else retrain
    named: dict[str, object] = {"run": run.metadata.name, "state": RetrainState.RUNNING}
    if is_finished(run):
        named["state"] = RetrainState.PASSED if has_passed(run) else RetrainState.FAILED
        named["end_time"] = run.status.completion_time or now
    return retrain.model_copy(update=named)


def ended(retrain: Retrain, state: RetrainState, message: str, now: datetime) -> Retrain:
    """Return a retrain that has ended, with why; a run's end tells that itself."""
    update = {"state": state, "end_time": now, "message": message}
    return retrain.model_copy(update=update)


def unless_rolled_back(retrain: Retrain, rejected: Iterable[RejectedVersion]) -> Retrain:
    """Return a retrain that passed its gates, as failed where its version was rolled back.

    Args:
        retrain: the retrain.
        rejected: versions of the Model that were rolled back.
    """
    if retrain.state is not RetrainState.PASSED or retrain.run is None:
        return retrain
    times = [item.time for item in rejected if item.run == retrain.run]
    if not times:
        return retrain
    return retrain.model_copy(update={"state": RetrainState.ROLLED_BACK, "end_time": max(times)})
