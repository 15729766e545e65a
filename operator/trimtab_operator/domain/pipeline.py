"""What a Pipeline needs next: a run for the causes that are due, one at a time."""

from datetime import datetime
from decimal import Decimal

from trimtab_operator.api.conditions import Reason
from trimtab_operator.api.dataset import Dataset, SnapshotStatus
from trimtab_operator.api.pipeline import LastRun, Pipeline
from trimtab_operator.api.pipelinerun import Champion, PipelineRunSpec
from trimtab_operator.domain.conditions import (
    Moment,
    Truth,
    Verdict,
    is_true,
    reconciling,
    set_conditions,
)
from trimtab_operator.domain.handled_verdicts import handled_verdicts
from trimtab_operator.domain.history import outdated_runs
from trimtab_operator.domain.identity import follows_rules, run_name
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipeline_status import (
    READY,
    RUN_ACTIVE,
    PipelineScene,
    activity,
    blocked,
    champion_is_unreadable,
    last_run,
    no_snapshot,
    paused_verdict,
    summary,
    unreadable_champion,
)
from trimtab_operator.domain.plan import Action, Create, Emit, EventType, Plan, Record
from trimtab_operator.domain.requeue import earliest
from trimtab_operator.domain.storage import storage_verdict
from trimtab_operator.domain.triggers import (
    Cause,
    Decided,
    due_causes,
    handled_request,
    last_schedule_time,
    next_schedule_time,
)
from trimtab_operator.domain.validation import pipeline_verdict
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.pipeline_run import build_pipeline_run
from trimtab_stages.contract.audit import AuditAction, AuditEvidence


def plan_pipeline(pipeline: Pipeline, observed: ObservedPipeline, now: datetime) -> Plan:
    """Return what to do for a Pipeline: start a run, wait for one, or keep still."""
    if pipeline.metadata.deletion_timestamp is not None:
        return Plan(status=pipeline.status)
    scene = PipelineScene(pipeline, observed, now)
    validated = pipeline_verdict(pipeline, observed.dataset)
    storage = storage_verdict(observed.storage, observed.release, pipeline.metadata.namespace)
    common = [validated, storage, paused_verdict(pipeline)]
    if validated.status != Truth.TRUE:
        verdicts = [*common, *blocked(validated), *activity(scene)]
        return _finish(scene, verdicts)
    snapshot = usable_snapshot(observed.dataset)
    if snapshot is None:
        return _finish(scene, [*common, *no_snapshot(scene), *activity(scene)])
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


def _plan_with_snapshot(
    scene: PipelineScene, snapshot: SnapshotStatus, common: list[Verdict]
) -> Plan:
    pipeline = scene.pipeline
    storage = common[1]
    causes = due_causes(pipeline, snapshot, scene.runs, scene.now, _decided(scene.seen))
    held = pipeline.spec.suspend or scene.active is not None or storage.status != Truth.TRUE
    if causes and not held and champion_is_unreadable(scene.seen):
        return _finish(scene, [*common, *unreadable_champion(scene), *activity(scene)])
    if not causes or held:
        return _finish(scene, [*common, *summary(scene, storage), *activity(scene)])
    return _plan_start(scene, snapshot, causes, common)


def _decided(seen: ObservedPipeline) -> Decided | None:
    return Decided(seen.dataset, seen.models, seen.monitors) if seen.dataset is not None else None


def _plan_start(
    scene: PipelineScene, snapshot: SnapshotStatus, causes: list[Cause], common: list[Verdict]
) -> Plan:
    """Start one run for all causes that are due; it uses the newest snapshot and recipe."""
    pipeline, cause = scene.pipeline, causes[0]
    message = " ".join(item.message for item in causes)[:512]
    spec = _run_spec(scene, snapshot, causes, message)
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
    return _finish(scene, verdicts, actions, {"last_run": last, **_handled(scene, causes)})


def _handled(scene: PipelineScene, causes: list[Cause]) -> dict[str, object]:
    """Return what the status says of causes once a run serves them."""
    status = scene.pipeline.status
    request = scene.pipeline.metadata.annotations.get(labels.RUN_REQUESTED)
    created = scene.pipeline.metadata.creation_timestamp or scene.now
    ticked = last_schedule_time(scene.pipeline, status.last_schedule_time or created, scene.now)
    known, monitors = status.handled_verdicts, scene.seen.monitors
    return {
        "handled_verdicts": handled_verdicts(known, monitors, scene.runs, causes),
        "last_handled_run_request": request or status.last_handled_run_request,
        "last_schedule_time": ticked or status.last_schedule_time,
    }


def _run_spec(
    scene: PipelineScene, snapshot: SnapshotStatus, causes: list[Cause], message: str
) -> PipelineRunSpec:
    pipeline, cause = scene.pipeline, causes[0]
    return PipelineRunSpec(
        pipeline=pipeline.metadata.name,
        pipeline_uid=pipeline.metadata.uid,
        pipeline_generation=pipeline.metadata.generation,
        trigger=cause.type,
        trigger_id=cause.id,
        causes=[item.id for item in causes],
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


def _finish(
    scene: PipelineScene,
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
        "last_run": last_run(scene),
        "last_handled_run_request": handled_request(pipeline, scene.runs),
        "next_schedule_time": upcoming,
        "handled_verdicts": handled_verdicts(
            pipeline.status.handled_verdicts, seen.monitors, scene.runs
        ),
    }
    status = pipeline.status.model_copy(update=final | (update or {}))
    surplus = outdated_runs(scene.runs, seen.models, pipeline.spec.history_limit)
    requeue = earliest(now, None, upcoming)
    return Plan(status=status, actions=(*actions, *surplus), requeue_after=requeue)
