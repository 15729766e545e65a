"""What a PipelineRun needs next: pods until its commit is there, then the judgement of its gates.

`commit.json` is the only success truth; the Job's own status only ends the waiting.
"""

from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.conditions import (
    Moment,
    Truth,
    Verdict,
    is_false,
    is_true,
    is_unknown,
    reconciling,
    set_conditions,
    stalled,
)
from trimtab_operator.domain.gate_judgement import Judgement, judge_commit
from trimtab_operator.domain.observed import JobView, ObservedPipelineRun
from trimtab_operator.domain.plan import Action, Create, Emit, EventType, Plan, Record
from trimtab_operator.domain.pod_faults import (
    Fault,
    Place,
    is_at_work,
    job_failure,
    job_fault,
)
from trimtab_operator.domain.progress import attempts_started, progress_status, retry_fault
from trimtab_operator.domain.storage import seen_from_pods, storage_verdict
from trimtab_operator.manifests.meta import Manifest
from trimtab_operator.manifests.rayjob import build_ray_training
from trimtab_operator.manifests.release import Launcher, Release
from trimtab_operator.manifests.training_job import build_training
from trimtab_stages.contract.audit import AuditAction, AuditEvidence
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Commit

POLL_SECONDS = 10.0
"""How often progress, which has no events of its own, is looked at."""
COMPLETE, FAILED = ConditionType.COMPLETE, ConditionType.FAILED


@dataclass(frozen=True, slots=True)
class _Scene:
    """A run, its world and the time."""

    run: PipelineRun
    seen: ObservedPipelineRun
    now: datetime

    @property
    def place(self) -> Place:
        owner = f"Pipeline `{self.run.spec.pipeline}`"
        return Place(owner, "spec.compute", self.seen.release.storage_secret)


def plan_pipelinerun(run: PipelineRun, observed: ObservedPipelineRun, now: datetime) -> Plan:
    """Return what to do for a PipelineRun. A finished one is never touched again."""
    if run.metadata.deletion_timestamp is not None or is_finished(run):
        return Plan(status=run.status)
    scene = _Scene(run, observed, now)
    storage = storage_verdict(observed.storage, observed.release, run.metadata.namespace)
    if observed.commit is not None:
        return _plan_committed(scene, observed.commit, storage)
    job = observed.job
    if storage.status != "True" and not is_at_work(job):
        why = Fault(storage.reason, storage.message)
        return _waiting(scene, why, [storage])
    if job is None:
        create = tuple(Create(item) for item in _build_pods(run, observed.release))
        words = Fault(Reason.STARTING, f"Job `{run.metadata.name}` is being created.")
        return _waiting(scene, words, [storage], create)
    seen_storage = seen_from_pods(storage, job, scene.place)
    if is_at_work(job):
        return _waiting(scene, _work_words(scene, job), [seen_storage])
    return _plan_failed(scene, _final_fault(scene, job), [seen_storage])


def _build_pods(run: PipelineRun, release: Release) -> list[Manifest]:
    """Return the children that the release's launcher makes of a run."""
    match release.launcher:
        case Launcher.JOB:
            return build_training(run, release)
        case Launcher.RAY_JOB:
            return build_ray_training(run, release)


def is_finished(run: PipelineRun) -> bool:
    """Return whether a run is Complete or Failed."""
    return any(_holds(run, kind) for kind in (COMPLETE, FAILED))


def _holds(run: PipelineRun, kind: ConditionType) -> bool:
    condition = run.status.condition(kind)
    return condition is not None and condition.status == Truth.TRUE


def _work_words(scene: _Scene, job: JobView) -> Fault:
    """Return what a run that is at work is doing, or what keeps it from working."""
    stuck = job_fault(job, scene.place, scene.now)
    if stuck is not None:
        return Fault(stuck.reason, f"{stuck.message} {_then(scene)}")
    allowed = scene.run.spec.compute.max_attempts
    retry = retry_fault(job, scene.place, allowed, "the next goes on from the checkpoint")
    attempt = max(attempts_started(job), 1)
    words = f"Job `{job.name}` is at work, attempt {attempt}."
    return retry or Fault(Reason.RUNNING, words)


def _then(scene: _Scene) -> str:
    """Return how a correction reaches a run, which never changes itself."""
    name = scene.run.metadata.name
    return (
        f"A corrected Pipeline needs a new run: `kubectl delete pipelinerun {name}`, then annotate "
        "the Pipeline with a new value of `trimtab.dev/run-requested`."
    )


def _final_fault(scene: _Scene, job: JobView) -> Fault:
    if job.failure_reason:
        return job_failure(job, scene.place)
    return Fault(
        Reason.COMMIT_MISSING,
        f"Job `{job.name}` ended well, but its commit is not in the store. See that the operator's "
        f"bucket is the one that Secret `{scene.seen.release.storage_secret}` names.",
    )


def _waiting(
    scene: _Scene, why: Fault, others: list[Verdict], actions: tuple[Action, ...] = ()
) -> Plan:
    """Return the plan of a run that has no commit yet and may still get one."""
    verdicts = [
        *others,
        is_false(COMPLETE, why.reason, why.message),
        is_false(FAILED, why.reason, "The run has not failed."),
        is_unknown(ConditionType.GATES_PASSED, Reason.PENDING, "The gates judge the commit."),
        reconciling(why.reason, why.message),
    ]
    return _finish(scene, verdicts, actions, requeue=POLL_SECONDS)


def _plan_failed(scene: _Scene, why: Fault, others: list[Verdict]) -> Plan:
    run = scene.run
    again = (
        f"To try again, correct Pipeline `{run.spec.pipeline}`, then annotate it with a new value "
        "of `trimtab.dev/run-requested`."
    )
    message = f"{why.message} {again}"
    verdicts = [
        *others,
        is_false(COMPLETE, why.reason, message),
        is_true(FAILED, why.reason, message),
        is_unknown(ConditionType.GATES_PASSED, why.reason, "There is no commit to judge."),
        stalled(why.reason, message),
    ]
    actions = (
        Record(AuditAction.RUN_FAILED, f"{why.reason}: {why.message}"[:1024], run.spec.trigger_id),
        Emit(EventType.WARNING, AuditAction.RUN_FAILED, f"{why.reason}: {message}"),
    )
    return _finish(scene, verdicts, actions, update={"completion_time": scene.now})


def _plan_committed(scene: _Scene, commit: Commit, storage: Verdict) -> Plan:
    run = scene.run
    if (commit.run, commit.trigger_id) != (run.metadata.name, run.spec.trigger_id):
        other = (
            f"The store holds a commit of run `{commit.run}` under this run's key. See that no "
            "other namespace or cluster writes to the same bucket and prefix."
        )
        return _plan_failed(scene, Fault(StageReason.ARTIFACT_CONFLICT, other), [storage])
    judged = judge_commit(run.spec.recipe.gates, commit)
    words = f"The run has a commit; its gates: {judged.message}"
    verdicts = [
        storage,
        is_true(COMPLETE, Reason.COMMITTED, words),
        is_false(FAILED, Reason.COMMITTED, "The run has not failed."),
        judged.verdict,
    ]
    update: dict[str, object] = {
        "gates": judged.results,
        "commit_digest": scene.seen.commit_digest or None,
        "model_digest": commit.model.file.digest,
        "completion_time": scene.now,
    }
    return _finish(scene, verdicts, _committed_actions(scene, commit, judged), update=update)


def _committed_actions(scene: _Scene, commit: Commit, judged: Judgement) -> tuple[Action, ...]:
    evidence = [
        AuditEvidence(name="model", digest=commit.model.file.digest),
        AuditEvidence(name="snapshot", digest=commit.snapshot),
    ]
    if scene.seen.commit_digest:
        evidence.insert(0, AuditEvidence(name="commit", digest=scene.seen.commit_digest))
    reason = f"{judged.outcome}: {judged.message}"[:1024]
    kind = EventType.NORMAL if judged.verdict.status == Truth.TRUE else EventType.WARNING
    return (
        Record(AuditAction.GATES_JUDGED, reason, scene.run.spec.trigger_id, tuple(evidence)),
        Emit(kind, AuditAction.GATES_JUDGED, reason),
    )


def _finish(
    scene: _Scene,
    verdicts: list[Verdict],
    actions: tuple[Action, ...] = (),
    *,
    update: dict[str, object] | None = None,
    requeue: float | None = None,
) -> Plan:
    """Return the plan with its whole status."""
    run, seen = scene.run, scene.seen
    before = run.status
    moment = Moment(run.metadata.generation, scene.now)
    started = seen.job is not None or actions or seen.commit is not None
    attempts = max(before.attempts, attempts_started(seen.job) if seen.job else 0)
    final: dict[str, object] = {
        "observed_generation": moment.generation,
        "conditions": set_conditions(before.conditions, verdicts, moment),
        "attempts": attempts,
        "progress": progress_status(seen.progress) or before.progress,
        "start_time": before.start_time or (scene.now if started else None),
    }
    status = before.model_copy(update=final | (update or {}))
    return Plan(status=status, actions=actions, requeue_after=requeue)
