"""Which decisions have had their run: remembered longer than the run itself is kept."""

from collections.abc import Iterable, Sequence

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.triggers import Cause, serves
from trimtab_stages.contract.run import TriggerType

KEPT = 16
"""Newest decisions that the status remembers."""


def handled_verdicts(
    before: Sequence[str],
    monitors: Iterable[DriftMonitor],
    runs: Sequence[PipelineRun],
    starting: Iterable[Cause] = (),
) -> list[str]:
    """Return the decisions that a run was started for, newest last.

    Args:
        before: those that are known.
        monitors: DriftMonitors of the Pipeline's Models; what is pending may have a run already.
        runs: runs of the Pipeline.
        starting: causes of the run that is started now.
    """
    waiting = [item.status.pending for item in monitors]
    seen = [
        pending.trigger_id
        for pending in waiting
        if pending is not None and any(serves(run, pending.trigger_id) for run in runs)
    ]
    begun = [cause.id for cause in starting if cause.type is TriggerType.VERDICT]
    return list(dict.fromkeys([*before, *seen, *begun]))[-KEPT:]
