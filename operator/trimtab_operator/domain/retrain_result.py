"""What has become of a retrain: told by the run that serves its cause."""

from collections.abc import Collection, Sequence
from datetime import datetime

from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.api.pipelinerun import PipelineRun
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
        gone = {"state": RetrainState.DELETED, "end_time": now}
        return retrain.model_copy(update=gone) if started else retrain
    named: dict[str, object] = {"run": run.metadata.name, "state": RetrainState.RUNNING}
    if is_finished(run):
        named["state"] = RetrainState.PASSED if has_passed(run) else RetrainState.FAILED
        named["end_time"] = run.status.completion_time or now
    return retrain.model_copy(update=named)
