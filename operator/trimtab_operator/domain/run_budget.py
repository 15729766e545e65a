"""Budget: so many retrains of a Model within 30 days of wall time, whoever decided them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.domain.suppression import Suppression
from trimtab_operator.domain.triggers import serves
from trimtab_stages.contract.run import TriggerType

PERIOD = timedelta(days=30)


def run_budget(spent: Sequence[datetime], limit: int, now: datetime) -> Suppression | None:
    """Return whether the budget is spent.

    Args:
        spent: when retrains were decided, by `spent_times`.
        limit: `guards.maxRunsPer30Days`.
        now: wall time.
    """
    recent = [time for time in spent if time > now - PERIOD]
    if len(recent) < limit:
        return None
    freed = f"; the next is free at {stamp(min(recent) + PERIOD)}" if recent else ""
    words = (
        f"Budget: {len(recent)} of {limit} retrains of the Model within 30 days are spent{freed}."
    )
    return Suppression(DecisionReason.BUDGET_EXHAUSTED, words)


def spent_times(retrains: Iterable[Retrain], runs: Collection[PipelineRun]) -> list[datetime]:
    """Return when the retrains of a Model were decided, oldest first; what shares a run is one.

    A status keeps the newest retrains and goes with its DriftMonitor, so runs count beside it. One
    that was withdrawn costs nothing: it never started.

    Args:
        retrains: of all DriftMonitors of the Model.
        runs: runs of its Pipeline.
    """
    found: dict[str, datetime] = {}
    for item in retrains:
        if item.state is not RetrainState.WITHDRAWN:
            name = _run_of(item, runs)
            found[name] = max(item.time, found.get(name, item.time))
    for run in runs:
        created = run.metadata.creation_timestamp
        if run.spec.trigger is TriggerType.VERDICT and created is not None:
            found.setdefault(run.metadata.name, created)
    return sorted(found.values())


def _run_of(retrain: Retrain, runs: Iterable[PipelineRun]) -> str:
    """Return the run of a retrain, its trigger id where it has none yet."""
    if retrain.run is not None:
        return retrain.run
    serving = (run.metadata.name for run in runs if serves(run, retrain.trigger_id))
    return next(serving, retrain.trigger_id)
