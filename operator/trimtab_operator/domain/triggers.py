"""Which causes of a run are due. One cause, one run; causes that come together share one."""

from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.dataset import Dataset, SnapshotStatus
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipeline import AutomaticTrigger, Pipeline, Trigger
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.captured import covers
from trimtab_operator.domain.essence import essence
from trimtab_operator.domain.identity import trigger_id
from trimtab_operator.domain.promotion import is_being_replaced
from trimtab_operator.domain.schedule import last_cron_time, next_cron_time
from trimtab_operator.manifests import labels
from trimtab_stages.contract.run import TriggerType


@dataclass(frozen=True, slots=True)
class Decided:
    """What decisions to retrain rest on.

    Attributes:
        dataset: of the Pipeline.
        models: that serve the Pipeline.
        monitors: DriftMonitors of these Models.
    """

    dataset: Dataset
    models: tuple[Model, ...] = ()
    monitors: tuple[DriftMonitor, ...] = ()


@dataclass(frozen=True, slots=True)
class Cause:
    """Why a run is due: its kind, its identity and one sentence."""

    type: TriggerType
    id: str
    message: str


def due_causes(
    pipeline: Pipeline,
    snapshot: SnapshotStatus,
    runs: tuple[PipelineRun, ...],
    now: datetime,
    decided: Decided | None = None,
) -> list[Cause]:
    """Return the causes that no run has served yet, the most telling first.

    Args:
        pipeline: the Pipeline.
        snapshot: newest snapshot of its Dataset.
        runs: its runs, oldest first.
        now: the time.
        decided: what its Models' DriftMonitors have decided.
    """
    found = (
        _request(pipeline, runs),
        *(_verdicts(pipeline, snapshot, runs, decided) if decided is not None else ()),
        _new_snapshot(pipeline, snapshot, runs),
        _schedule(pipeline, runs, now),
    )
    return [cause for cause in found if cause is not None]


def next_schedule_time(pipeline: Pipeline, now: datetime) -> datetime | None:
    """Return the next cron time of all Schedule triggers."""
    times = [next_cron_time(trigger, now) for trigger in _schedules(pipeline)]
    return min((time for time in times if time is not None), default=None)


def last_schedule_time(pipeline: Pipeline, after: datetime, now: datetime) -> datetime | None:
    """Return the newest cron time of all Schedule triggers in (after, now]."""
    times = [last_cron_time(trigger, after, now) for trigger in _schedules(pipeline)]
    return max((time for time in times if time is not None), default=None)


def handled_request(pipeline: Pipeline, runs: tuple[PipelineRun, ...]) -> str | None:
    """Return the newest request that a run serves, also where no status could be written then."""
    value = pipeline.metadata.annotations.get(labels.RUN_REQUESTED, "")
    served = any(run.metadata.annotations.get(labels.RUN_REQUESTED) == value for run in runs)
    return value if value and served else pipeline.status.last_handled_run_request


def _request(pipeline: Pipeline, runs: tuple[PipelineRun, ...]) -> Cause | None:
    """Return the request that no run serves.

    The identity contains the run before it: a request that comes back after its run was deleted
    must not get that run's name, under which the store still has the old result.
    """
    value = pipeline.metadata.annotations.get(labels.RUN_REQUESTED, "")
    if not value or value == handled_request(pipeline, runs):
        return None
    before = runs[-1].spec.trigger_id if runs else ""
    identity = trigger_id(pipeline, TriggerType.REQUEST, value, before)
    return Cause(TriggerType.REQUEST, identity, f"A person asked for a run: '{value[:256]}'.")


def _verdicts(
    pipeline: Pipeline,
    snapshot: SnapshotStatus,
    runs: tuple[PipelineRun, ...],
    decided: Decided,
) -> list[Cause]:
    """Return the pending retrains that no run has served, the earliest window first.

    A decision counts as long as the version that it was made for serves. It waits until the
    snapshot holds the rows that it was made of.
    """
    kind = TriggerType.VERDICT
    if AutomaticTrigger.VERDICT not in {trigger.type for trigger in pipeline.spec.triggers}:
        return []
    serving = {
        model.metadata.name: model.status.champion.digest
        for model in decided.models
        if model.status.champion is not None
    }
    replaced = {model.metadata.name for model in decided.models if is_being_replaced(model, runs)}
    due = [
        (pending.window_end, Cause(kind, pending.trigger_id, _what_was_decided(monitor)))
        for monitor in decided.monitors
        if (pending := monitor.status.pending) is not None
        and not monitor.spec.suspend
        and serving.get(monitor.spec.model_ref.name) == pending.baseline
        and not (waits_for_rollouts(monitor) and monitor.spec.model_ref.name in replaced)
        and pending.trigger_id not in pipeline.status.handled_verdicts
        and not _served(pending.trigger_id, runs)
        and covers(snapshot, decided.dataset, pending.window_end)
    ]
    return [cause for _, cause in sorted(due, key=lambda item: (item[0], item[1].id))]


def waits_for_rollouts(monitor: DriftMonitor) -> bool:
    """Return whether a retrain waits while another run's version may take the champion's place.

    Of two DriftMonitors that decide at the same moment, one may miss the run that the other starts.
    What a person has accepted does not wait: who accepts it has seen what is at work.
    """
    pending = monitor.status.pending
    return pending is not None and pending.trigger_id != monitor.status.last_handled_acceptance


def _what_was_decided(monitor: DriftMonitor) -> str:
    pending = monitor.status.pending
    words = pending.message if pending is not None else ""
    return f"DriftMonitor `{monitor.metadata.name}`: {words}"


def _new_snapshot(
    pipeline: Pipeline, snapshot: SnapshotStatus, runs: tuple[PipelineRun, ...]
) -> Cause | None:
    """Return the cause that the newest run used another snapshot or another recipe.

    The identity contains the run before it, so a recipe that comes back is run again, on top of
    what happened since, while seeing the same world twice gives the same identity.
    """
    if AutomaticTrigger.NEW_SNAPSHOT not in {trigger.type for trigger in pipeline.spec.triggers}:
        return None
    recipe = pipeline.spec.recipe()
    newest = runs[-1].spec if runs else None
    if newest is not None and (newest.snapshot, newest.recipe) == (snapshot.digest, recipe):
        return None
    before = newest.trigger_id if newest is not None else ""
    kind = TriggerType.NEW_SNAPSHOT
    identity = trigger_id(pipeline, kind, snapshot.digest, essence(recipe), before)
    return Cause(kind, identity, _what_is_new(snapshot, runs[-1] if runs else None))


def _what_is_new(snapshot: SnapshotStatus, newest: PipelineRun | None) -> str:
    if newest is not None and newest.spec.snapshot == snapshot.digest:
        return f"The recipe was edited after run `{newest.metadata.name}`."
    return f"Snapshot {snapshot.digest[:19]} with {snapshot.rows} rows has not been trained on."


def _schedule(pipeline: Pipeline, runs: tuple[PipelineRun, ...], now: datetime) -> Cause | None:
    """Return the newest cron time that no run was started after."""
    marks = [
        pipeline.metadata.creation_timestamp,
        pipeline.status.last_schedule_time,
        runs[-1].metadata.creation_timestamp if runs else None,
    ]
    after = max((mark for mark in marks if mark is not None), default=now)
    time = last_schedule_time(pipeline, after, now)
    if time is None:
        return None
    identity = trigger_id(pipeline, TriggerType.SCHEDULE, time.isoformat())
    if _served(identity, runs):
        return None
    return Cause(TriggerType.SCHEDULE, identity, f"Cron time {time:%Y-%m-%dT%H:%M}Z has come.")


def _schedules(pipeline: Pipeline) -> list[Trigger]:
    kind = AutomaticTrigger.SCHEDULE
    return [trigger for trigger in pipeline.spec.triggers if trigger.type is kind]


def _served(identity: str, runs: tuple[PipelineRun, ...]) -> bool:
    return any(serves(run, identity) for run in runs)


def serves(run: PipelineRun, identity: str) -> bool:
    """Return whether a run was started for a cause, alone or with others."""
    return identity == run.spec.trigger_id or identity in run.spec.causes
