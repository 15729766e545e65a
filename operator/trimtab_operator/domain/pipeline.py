"""What a Pipeline needs next: a run for the causes that are due, one at a time."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.dataset import Dataset, SnapshotStatus
from trimtab_operator.api.pipeline import LastRun, Pipeline
from trimtab_operator.api.pipelinerun import Champion, PipelineRun, PipelineRunSpec
from trimtab_operator.domain.conditions import (
    Moment,
    Truth,
    Verdict,
    is_false,
    is_true,
    paused,
    reconciling,
    set_conditions,
    stalled,
)
from trimtab_operator.domain.history import outdated_runs
from trimtab_operator.domain.identity import follows_rules, run_name
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.plan import Action, Create, Emit, EventType, Plan, Record
from trimtab_operator.domain.requeue import earliest
from trimtab_operator.domain.storage import storage_verdict
from trimtab_operator.domain.triggers import (
    Cause,
    due_causes,
    last_schedule_time,
    next_schedule_time,
)
from trimtab_operator.domain.validation import pipeline_verdict
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.pipeline_run import build_pipeline_run
from trimtab_stages.contract.audit import AuditAction, AuditEvidence

READY, RUN_ACTIVE = ConditionType.READY, ConditionType.RUN_ACTIVE


@dataclass(frozen=True, slots=True)
class _Scene:
    """A Pipeline, its world and the time."""

    pipeline: Pipeline
    seen: ObservedPipeline
    now: datetime

    @property
    def runs(self) -> tuple[PipelineRun, ...]:
        """Runs of this very Pipeline: one of the same name may have left some behind."""
        uid = self.pipeline.metadata.uid
        return tuple(run for run in self.seen.runs if run.spec.pipeline_uid == uid)

    @property
    def newest(self) -> PipelineRun | None:
        return self.runs[-1] if self.runs else None

    @property
    def active(self) -> PipelineRun | None:
        return next((run for run in self.runs if not is_finished(run)), None)


def plan_pipeline(pipeline: Pipeline, observed: ObservedPipeline, now: datetime) -> Plan:
    """Return what to do for a Pipeline: start a run, wait for one, or keep still."""
    if pipeline.metadata.deletion_timestamp is not None:
        return Plan(status=pipeline.status)
    scene = _Scene(pipeline, observed, now)
    validated = pipeline_verdict(pipeline, observed.dataset)
    storage = storage_verdict(observed.storage, observed.release, pipeline.metadata.namespace)
    common = [validated, storage, _paused(pipeline)]
    if validated.status != Truth.TRUE:
        verdicts = [*common, *_blocked(validated), *_activity(scene)]
        return _finish(scene, verdicts)
    snapshot = usable_snapshot(observed.dataset)
    if snapshot is None:
        return _finish(scene, [*common, *_no_snapshot(scene), *_activity(scene)])
    return _plan_with_snapshot(scene, snapshot, common)


def usable_snapshot(dataset: Dataset | None) -> SnapshotStatus | None:
    """Return the snapshot that a run may be trained on.

    One by former rules is not: its successor is on its way, and the recipe may need its columns.
    A suspended Dataset makes no successor, so what it has counts.
    """
    snapshot = dataset.status.snapshot if dataset is not None else None
    if dataset is None or snapshot is None:
        return None
    return snapshot if dataset.spec.suspend or follows_rules(snapshot, dataset) else None


def _plan_with_snapshot(scene: _Scene, snapshot: SnapshotStatus, common: list[Verdict]) -> Plan:
    pipeline = scene.pipeline
    storage = common[1]
    causes = due_causes(pipeline, snapshot, scene.runs, scene.now)
    held = pipeline.spec.suspend or scene.active is not None or storage.status != Truth.TRUE
    if causes and not held and champion_is_unreadable(scene.seen):
        return _finish(scene, [*common, *_unreadable_champion(scene), *_activity(scene)])
    if not causes or held:
        return _finish(scene, [*common, *_summary(scene, storage), *_activity(scene)])
    return _plan_start(scene, snapshot, causes, common)


def _plan_start(
    scene: _Scene, snapshot: SnapshotStatus, causes: list[Cause], common: list[Verdict]
) -> Plan:
    """Start one run for all causes that are due; it uses the newest snapshot and recipe."""
    pipeline, cause = scene.pipeline, causes[0]
    message = " ".join(item.message for item in causes)[:512]
    spec = _run_spec(scene, snapshot, cause, message)
    name = run_name(pipeline.metadata.name, cause.id)
    words = f"Run `{name}` started. {message}"
    actions = (
        Record(
            AuditAction.RUN_STARTED,
            words,
            cause.id,
            (AuditEvidence(name="snapshot", digest=snapshot.digest),),
        ),
        Create(build_pipeline_run(pipeline, spec)),
        Emit(EventType.NORMAL, AuditAction.RUN_STARTED, words),
    )
    last = LastRun(name=name, state=Reason.RUNNING, snapshot=snapshot.digest, start_time=scene.now)
    verdicts = [
        *common,
        is_true(READY, Reason.RUN_STARTED, words),
        is_true(RUN_ACTIVE, Reason.RUN_STARTED, words),
        reconciling(Reason.RUN_STARTED, words),
    ]
    return _finish(scene, verdicts, actions, {"last_run": last, **_handled(scene)})


def _handled(scene: _Scene) -> dict[str, object]:
    """Return what the status says of causes once a run serves them."""
    status = scene.pipeline.status
    request = scene.pipeline.metadata.annotations.get(labels.RUN_REQUESTED)
    created = scene.pipeline.metadata.creation_timestamp or scene.now
    ticked = last_schedule_time(scene.pipeline, status.last_schedule_time or created, scene.now)
    return {
        "last_handled_run_request": request or status.last_handled_run_request,
        "last_schedule_time": ticked or status.last_schedule_time,
    }


def _run_spec(
    scene: _Scene, snapshot: SnapshotStatus, cause: Cause, message: str
) -> PipelineRunSpec:
    pipeline = scene.pipeline
    return PipelineRunSpec(
        pipeline=pipeline.metadata.name,
        pipeline_uid=pipeline.metadata.uid,
        pipeline_generation=pipeline.metadata.generation,
        trigger=cause.type,
        trigger_id=cause.id,
        trigger_message=message,
        dataset=pipeline.spec.dataset_ref.name,
        snapshot=snapshot.digest,
        manifest=snapshot.manifest,
        champion=_champion(scene.seen),
        recipe=pipeline.spec.recipe(),
        compute=pipeline.spec.compute,
        code_version=scene.seen.release.code_version,
    )


def _champion(seen: ObservedPipeline) -> Champion | None:
    """Return the serving version that the candidate must not be worse than."""
    commit = seen.champion_commit
    if commit is None:
        return None
    model = commit.model
    threshold = None if model.threshold is None else Decimal(f"{model.threshold:.9f}")
    return Champion(digest=model.file.digest, file=model.file, threshold=threshold)


def _blocked(validated: Verdict) -> list[Verdict]:
    """Return Ready and Stalled of a spec that cannot be followed."""
    not_ready = is_false(READY, validated.reason, validated.message)
    if validated.reason == Reason.REFERENCE_NOT_FOUND:
        return [not_ready, reconciling(validated.reason, validated.message)]
    return [not_ready, stalled(validated.reason, validated.message)]


def _no_snapshot(scene: _Scene) -> list[Verdict]:
    name = scene.pipeline.spec.dataset_ref.name
    known = scene.seen.dataset is not None and scene.seen.dataset.status.snapshot is not None
    lack = "by its present rules yet" if known else "yet"
    words = f"Dataset `{name}` has no snapshot {lack}; `kubectl describe dataset {name}` tells why."
    why = Reason.WAITING_FOR_SNAPSHOT
    return [is_false(READY, why, words), reconciling(why, words)]


def champion_is_unreadable(seen: ObservedPipeline) -> bool:
    """Return whether a version of this Pipeline serves whose commit was not found."""
    champions = [model.status.champion for model in seen.models[:1]]
    known = any(champion is not None and champion.run is not None for champion in champions)
    return known and seen.champion_commit is None


def _unreadable_champion(scene: _Scene) -> list[Verdict]:
    model = scene.seen.models[0]
    run = model.status.champion.run if model.status.champion else None
    words = (
        f"A run is due, but Model `{model.metadata.name}` serves run `{run}`, whose commit is not "
        "in the store, so the candidate could not be compared with it. Restore "
        f"`runs/{run}/commit.json`, or delete the Model to begin without a champion."
    )
    why = Reason.CHAMPION_UNREADABLE
    return [is_false(READY, why, words), stalled(why, words)]


def _summary(scene: _Scene, storage: Verdict) -> list[Verdict]:
    """Return Ready, and what else people should know, while no run is started."""
    if scene.pipeline.spec.suspend:
        words = "`spec.suspend` is set: no run is started. Set it to false to go on."
        return [is_true(READY, Reason.SUSPENDED, words)]
    if storage.status != Truth.TRUE:
        bad = is_false(READY, storage.reason, storage.message)
        return [bad, reconciling(storage.reason, storage.message)]
    if scene.active is not None:
        words = f"Run `{scene.active.metadata.name}` is active."
        busy = reconciling(Reason.RUN_STARTED, words)
        return [is_true(READY, Reason.RUN_STARTED, words), busy]
    return [_last_outcome(scene)]


def _last_outcome(scene: _Scene) -> Verdict:
    run = scene.newest
    if run is None:
        return is_true(READY, Reason.IDLE, "No run has been started, and none is due.")
    name = run.metadata.name
    failed = run.status.condition(ConditionType.FAILED)
    if failed is not None and failed.status == Truth.TRUE:
        return is_false(READY, Reason.RUN_FAILED, f"Run `{name}` failed. {failed.message}")
    gates = run.status.condition(ConditionType.GATES_PASSED)
    words = f" Its gates: {gates.message}" if gates else ""
    return is_true(READY, Reason.RUN_SUCCEEDED, f"Run `{name}` has a commit.{words}")


def _activity(scene: _Scene) -> list[Verdict]:
    if scene.active is not None:
        words = f"Run `{scene.active.metadata.name}` is not finished."
        return [is_true(RUN_ACTIVE, Reason.RUN_STARTED, words)]
    return [is_false(RUN_ACTIVE, Reason.IDLE, "No run is active.")]


def _paused(pipeline: Pipeline) -> Verdict:
    effect = "No run is started until `spec.suspend` is false; a running one goes on."
    return paused(suspend=pipeline.spec.suspend, effect=effect)


def _last_run(scene: _Scene) -> LastRun | None:
    run = scene.newest
    if run is None:
        return scene.pipeline.status.last_run
    return LastRun(
        name=run.metadata.name,
        state=run_state(run),
        snapshot=run.spec.snapshot,
        start_time=run.metadata.creation_timestamp or scene.now,
    )


def run_state(run: PipelineRun) -> str:
    """Return a run's outcome in one word: why it failed, what its gates say, or what it does."""
    order = (ConditionType.FAILED, ConditionType.COMPLETE)
    failed, complete = (run.status.condition(kind) for kind in order)
    if failed is not None and failed.status == Truth.TRUE:
        return failed.reason
    if complete is None:
        return Reason.PENDING
    gates = run.status.condition(ConditionType.GATES_PASSED)
    return gates.reason if complete.status == Truth.TRUE and gates else complete.reason


def _finish(
    scene: _Scene,
    verdicts: list[Verdict],
    actions: tuple[Action, ...] = (),
    update: dict[str, object] | None = None,
) -> Plan:
    """Return the plan with its whole status, and with runs beyond the history limit deleted."""
    pipeline, seen, now = scene.pipeline, scene.seen, scene.now
    moment = Moment(pipeline.metadata.generation, now)
    valid = verdicts[0].status == Truth.TRUE
    upcoming = next_schedule_time(pipeline, now) if valid else None
    final: dict[str, object] = {
        "observed_generation": moment.generation,
        "conditions": set_conditions(pipeline.status.conditions, verdicts, moment),
        "last_run": _last_run(scene),
        "next_schedule_time": upcoming,
    }
    status = pipeline.status.model_copy(update=final | (update or {}))
    surplus = outdated_runs(scene.runs, seen.models, pipeline.spec.history_limit)
    requeue = earliest(now, None, upcoming)
    return Plan(status=status, actions=(*actions, *surplus), requeue_after=requeue)
