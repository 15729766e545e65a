"""What a Dataset needs next: an ingest for its newest cause, until its commit is there."""

from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.dataset import CaptureStatus, Dataset, SnapshotStatus
from trimtab_operator.domain.capture_plan import capture_plan, capture_status
from trimtab_operator.domain.conditions import (
    ABNORMAL,
    Moment,
    Verdict,
    is_false,
    is_true,
    paused,
    reconciling,
    set_conditions,
    stalled,
)
from trimtab_operator.domain.failed_ingest import failed_ingest
from trimtab_operator.domain.freshness import freshness, timestamps_trusted
from trimtab_operator.domain.identity import follows_rules, ingest_id
from trimtab_operator.domain.observed import JobView, ObservedDataset
from trimtab_operator.domain.plan import Action, Create, Delete, Emit, EventType, Plan, Record
from trimtab_operator.domain.pod_faults import Fault, Place, is_at_work, job_failure, job_fault
from trimtab_operator.domain.progress import retry_fault
from trimtab_operator.domain.requeue import earliest
from trimtab_operator.domain.schedule import next_tick
from trimtab_operator.domain.storage import seen_from_pods, storage_verdict
from trimtab_operator.domain.validation import dataset_verdict
from trimtab_operator.manifests import labels, names
from trimtab_operator.manifests.ingest_job import build_ingest, compute_id
from trimtab_stages.contract.audit import AuditAction, AuditEvidence
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.run import IngestCommit

POLL_SECONDS = 10.0
"""How often work without events of its own is looked at."""
REMOVABLE = ABNORMAL | {ConditionType.FRESH}
AGAIN = (
    "To try again, edit the Dataset, or annotate it with a new value of "
    "`trimtab.dev/refresh-requested`."
)


@dataclass(frozen=True, slots=True)
class _Scene:
    """A Dataset, its world, and the ingest that is due."""

    dataset: Dataset
    seen: ObservedDataset
    now: datetime
    told: CaptureStatus | None

    @property
    def capture(self) -> CapturePlan | None:
        """Captured rows that the ingest adds."""
        return capture_plan(self.dataset, self.told)

    @property
    def due(self) -> str:
        """Identity of the ingest that is due."""
        return ingest_id(self.dataset, self.now, self.capture)

    @property
    def place(self) -> Place:
        owner = f"Dataset `{self.dataset.metadata.name}`"
        return Place(owner, "spec.compute", self.seen.release.storage_secret)


def plan_dataset(dataset: Dataset, observed: ObservedDataset, now: datetime) -> Plan:
    """Return what to do for a Dataset.

    An ingest is due for every new state of source and rules, refresh period, refresh request or
    decision to retrain on captured rows; its commit is the only proof that it happened. At most
    one is at work.
    """
    if dataset.metadata.deletion_timestamp is not None:
        return Plan(status=dataset.status)
    scene = _Scene(dataset, observed, now, capture_status(dataset, observed.monitors))
    if dataset.spec.suspend:
        return _plan_suspended(scene)
    validated = dataset_verdict(dataset)
    if validated.status != "True":
        why = Fault(validated.reason, validated.message)
        return _finish(scene, [validated, *_not_ready(why), stalled(why.reason, why.message)])
    return _plan_work(scene, validated)


def _plan_work(scene: _Scene, validated: Verdict) -> Plan:
    seen = scene.seen
    storage = storage_verdict(seen.storage, seen.release, scene.dataset.metadata.namespace)
    common = [validated, storage, *_paused(scene)]
    if seen.commit is not None:
        return _plan_committed(scene, seen.commit, common)
    if storage.status != "True" and not is_at_work(seen.job):
        return _plan_without_store(scene, storage, common)
    if seen.job is None:
        return _plan_start(scene, common)
    if seen.job.compute not in {"", compute_id(scene.dataset.spec.compute)}:
        return _plan_replacement(scene, seen.job, common)
    seen_storage = seen_from_pods(storage, seen.job, scene.place)
    return _plan_job(scene, seen.job, [validated, seen_storage, *_paused(scene)])


def _plan_without_store(scene: _Scene, storage: Verdict, common: list[Verdict]) -> Plan:
    """Wait for the store; a snapshot that was seen committed needs none, and still counts."""
    known = scene.dataset.status.snapshot
    if known is not None and known.ingest_id == scene.due:
        ready = [is_true(ConditionType.READY, Reason.SNAPSHOT_CURRENT, describe(known))]
        return _finish(scene, [*common, *ready], requeue=POLL_SECONDS)
    waits = "" if known is None else f"Ingest {scene.due} is due and waits for the store. "
    waiting = _while_working(scene, Fault(storage.reason, f"{waits}{storage.message}"))
    return _finish(scene, [*common, *waiting], requeue=POLL_SECONDS)


def describe(snapshot: SnapshotStatus) -> str:
    """Return a snapshot in one sentence."""
    captured = ""
    if snapshot.captured_through is not None:
        through = f"{snapshot.captured_through:%Y-%m-%dT%H:%M:%SZ}"
        captured = f" {snapshot.captured_rows} of them were captured before {through}."
    return (
        f"Snapshot {snapshot.digest[:19]} has {snapshot.rows} rows up to "
        f"{snapshot.newest_row_time:%Y-%m-%dT%H:%M:%SZ}, {snapshot.quarantined} in quarantine."
        f"{captured}"
    )


def _plan_suspended(scene: _Scene) -> Plan:
    dataset = scene.dataset
    message = "`spec.suspend` is set: nothing is ingested. Set it to false to go on."
    ready = is_true if dataset.status.snapshot else is_false
    verdicts = [*_paused(scene), ready(ConditionType.READY, Reason.SUSPENDED, message)]
    actions = _delete_ingest(dataset, scene.due) if scene.seen.job is not None else ()
    return _finish(scene, verdicts, actions)


def _plan_start(scene: _Scene, common: list[Verdict]) -> Plan:
    dataset, due = scene.dataset, scene.due
    config_map, job = build_ingest(dataset, scene.seen.release, due, scene.capture)
    previous = dataset.status.ingest_id
    stale = _delete_ingest(dataset, previous) if previous and previous != due else ()
    message = f"Ingest {due} is starting{_with_traffic(scene.capture)}."
    actions = (*stale, Create(config_map), Create(job))
    verdicts = [*common, *_while_working(scene, Fault(Reason.INGESTING, message))]
    return _finish(scene, verdicts, actions, update=_started(scene), requeue=POLL_SECONDS)


def _with_traffic(capture: CapturePlan | None) -> str:
    if capture is None:
        return ""
    return f", with rows of Model `{capture.model}` before {capture.through:%Y-%m-%dT%H:%M:%SZ}"


def _plan_replacement(scene: _Scene, job: JobView, common: list[Verdict]) -> Plan:
    """Delete a Job that was made with other pod settings; the next one continues its ingest."""
    words = "`spec.compute` was edited: the ingest is started again with it."
    actions = () if job.deleting else (Delete("batch/v1", "Job", job.name),)
    verdicts = [*common, *_while_working(scene, Fault(Reason.INGESTING, words))]
    return _finish(scene, verdicts, actions, update=_started(scene), requeue=1.0)


def _plan_job(scene: _Scene, job: JobView, common: list[Verdict]) -> Plan:
    if not is_at_work(job):
        fault = _final_fault(scene, job)
        why = Fault(fault.reason, f"{fault.message} {AGAIN}")
        verdicts = [*common, *_not_ready(why), stalled(why.reason, why.message)]
        event = Emit(EventType.WARNING, why.reason, why.message)
        known = scene.dataset.status.condition(ConditionType.STALLED)
        failed = failed_ingest(scene.dataset, scene.due, why, scene.now)
        update: dict[str, object] = {"failed_ingest": failed}
        return _finish(scene, verdicts, () if known else (event,), update=update)
    stuck = job_fault(job, scene.place, scene.now) or _retrying(scene, job)
    words = Fault(Reason.INGESTING, f"Job `{job.name}` is reading the source.")
    verdicts = [*common, *_while_working(scene, stuck or words)]
    return _finish(scene, verdicts, update=_started(scene), requeue=POLL_SECONDS)


def _retrying(scene: _Scene, job: JobView) -> Fault | None:
    allowed = scene.dataset.spec.compute.max_attempts
    return retry_fault(job, scene.place, allowed, "the next one starts by itself")


def _final_fault(scene: _Scene, job: JobView) -> Fault:
    if job.failure_reason:
        return job_failure(job, scene.place)
    return Fault(
        Reason.COMMIT_MISSING,
        f"Job `{job.name}` ended well, but its commit is not in the store. See that the operator's "
        f"bucket is the one that Secret `{scene.seen.release.storage_secret}` names.",
    )


def _plan_committed(scene: _Scene, commit: IngestCommit, common: list[Verdict]) -> Plan:
    known = scene.dataset.status.snapshot
    snapshot = _snapshot_status(scene, commit)
    is_new = known is None or known.digest != snapshot.digest
    message = describe(snapshot)
    verdicts = [
        *common,
        is_true(ConditionType.READY, Reason.SNAPSHOT_CURRENT, message),
        timestamps_trusted(commit),
    ]
    actions: tuple[Action, ...] = ()
    if is_new:
        evidence = (AuditEvidence(name="snapshot", digest=snapshot.digest),)
        actions = (
            Record(AuditAction.SNAPSHOT_COMMITTED, message, commit.id, evidence),
            Emit(EventType.NORMAL, AuditAction.SNAPSHOT_COMMITTED, message),
        )
    return _finish(scene, verdicts, actions, update=_started(scene) | {"snapshot": snapshot})


def _snapshot_status(scene: _Scene, commit: IngestCommit) -> SnapshotStatus:
    known = scene.dataset.status.snapshot
    same = known is not None and known.ingest_id == commit.id
    return SnapshotStatus(
        digest=commit.snapshot,
        ingest_id=commit.id,
        manifest=commit.manifest,
        rows=commit.rows,
        quarantined=commit.rows_quarantined,
        newest_row_time=commit.newest_row,
        captured_rows=commit.captured_rows,
        captured_through=commit.captured_through,
        committed_time=known.committed_time if known is not None and same else scene.now,
    )


def _while_working(scene: _Scene, work: Fault) -> list[Verdict]:
    """Return Ready and Reconciling while an ingest works: a snapshot by the same rules counts."""
    snapshot = scene.dataset.status.snapshot
    busy = reconciling(work.reason, work.message)
    if snapshot is not None and follows_rules(snapshot, scene.dataset):
        text = f"The snapshot follows the current rules; a newer one is on its way. {work.message}"
        return [is_true(ConditionType.READY, Reason.SNAPSHOT_CURRENT, text), busy]
    return [is_false(ConditionType.READY, work.reason, work.message), busy]


def _not_ready(why: Fault) -> list[Verdict]:
    return [is_false(ConditionType.READY, why.reason, why.message)]


def _paused(scene: _Scene) -> list[Verdict]:
    effect = "Nothing is ingested until `spec.suspend` is false."
    return [paused(suspend=scene.dataset.spec.suspend, effect=effect)]


def _delete_ingest(dataset: Dataset, ingest: str) -> tuple[Action, ...]:
    name = names.ingest_job(dataset.metadata.name, ingest)
    return (Delete("batch/v1", "Job", name), Delete("v1", "ConfigMap", name))


def _finish(
    scene: _Scene,
    verdicts: list[Verdict],
    actions: tuple[Action, ...] = (),
    *,
    update: dict[str, object] | None = None,
    requeue: float | None = None,
) -> Plan:
    """Return the plan with its whole status."""
    dataset, now = scene.dataset, scene.now
    moment = Moment(dataset.metadata.generation, now)
    status = dataset.status.model_copy(update=update or {})
    fresh = freshness(dataset, status.snapshot, now)
    conditions = set_conditions(
        dataset.status.conditions, [*verdicts, *fresh.verdicts], moment, REMOVABLE
    )
    final = {
        "observed_generation": moment.generation,
        "conditions": conditions,
        "capture": scene.told,
    }
    due = next_tick(dataset.metadata.creation_timestamp, dataset.spec.refresh_seconds, now)
    return Plan(
        status=status.model_copy(update=final),
        actions=actions,
        requeue_after=earliest(now, requeue, due, fresh.expires),
    )


def _started(scene: _Scene) -> dict[str, object]:
    """Return what the status says of an ingest that is at work, or was."""
    dataset = scene.dataset
    if dataset.status.ingest_id == scene.due:
        return {"failed_ingest": None}
    request = dataset.metadata.annotations.get(labels.REFRESH_REQUESTED)
    return {
        "ingest_id": scene.due,
        "failed_ingest": None,
        "last_refresh_time": scene.now,
        "last_handled_refresh_request": request,
    }
