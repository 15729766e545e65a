"""What a Pipeline's status says: its conditions, its last run, and what keeps it still."""

from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.pipeline import LastRun, Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.conditions import (
    Truth,
    Verdict,
    is_false,
    is_true,
    paused,
    reconciling,
    stalled,
)
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipelinerun import is_finished

READY, RUN_ACTIVE = ConditionType.READY, ConditionType.RUN_ACTIVE


@dataclass(frozen=True, slots=True)
class PipelineScene:
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
        """Newest run."""
        return self.runs[-1] if self.runs else None

    @property
    def active(self) -> PipelineRun | None:
        """The run that is not finished."""
        return next((run for run in self.runs if not is_finished(run)), None)


def blocked(validated: Verdict) -> list[Verdict]:
    """Return Ready and Stalled of a spec that cannot be followed."""
    not_ready = is_false(READY, validated.reason, validated.message)
    if validated.reason == Reason.REFERENCE_NOT_FOUND:
        return [not_ready, reconciling(validated.reason, validated.message)]
    return [not_ready, stalled(validated.reason, validated.message)]


def no_snapshot(scene: PipelineScene) -> list[Verdict]:
    """Return that the Dataset has nothing yet that a run may be trained on."""
    name = scene.pipeline.spec.dataset_ref.name
    known = scene.seen.dataset is not None and scene.seen.dataset.status.snapshot is not None
    lack = "by its present rules yet" if known else "yet"
    words = f"Dataset `{name}` has no snapshot {lack}; `kubectl describe dataset {name}` tells why."
    why = Reason.WAITING_FOR_SNAPSHOT
    return [is_false(READY, why, words), reconciling(why, words)]


def champion_is_unreadable(seen: ObservedPipeline) -> bool:
    """Return whether a version of this Pipeline serves that a candidate cannot be compared with.

    Its commit was not found, or its Model is invalid, so that nothing is known of it.
    """
    champions = [model.status.champion for model in seen.models[:1]]
    known = any(champion is not None and champion.run is not None for champion in champions)
    return bool(seen.unreadable_models) or (known and seen.champion_commit is None)


def unreadable_champion(scene: PipelineScene) -> list[Verdict]:
    """Return that a candidate could not be compared with what serves, so none is made."""
    words = _invalid_model(scene.seen) or _missing_commit(scene.seen)
    why = Reason.CHAMPION_UNREADABLE
    return [is_false(READY, why, words), stalled(why, words)]


def _invalid_model(seen: ObservedPipeline) -> str:
    if not seen.unreadable_models:
        return ""
    name = seen.unreadable_models[0]
    return (
        f"A run is due, but Model `{name}` serves a version and is invalid, so the candidate could "
        f"not be compared with it. `kubectl describe model {name}` names the field: correct it, or "
        "delete the Model."
    )


def _missing_commit(seen: ObservedPipeline) -> str:
    model = seen.models[0]
    run = model.status.champion.run if model.status.champion else None
    return (
        f"A run is due, but Model `{model.metadata.name}` serves run `{run}`, whose commit is not "
        "in the store, so the candidate could not be compared with it. Restore "
        f"`runs/{run}/commit.json`, or delete the Model to begin without a champion."
    )


def summary(scene: PipelineScene, storage: Verdict) -> list[Verdict]:
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


def _last_outcome(scene: PipelineScene) -> Verdict:
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


def activity(scene: PipelineScene) -> list[Verdict]:
    """Return whether a run is active."""
    if scene.active is not None:
        words = f"Run `{scene.active.metadata.name}` is not finished."
        return [is_true(RUN_ACTIVE, Reason.RUN_STARTED, words)]
    return [is_false(RUN_ACTIVE, Reason.IDLE, "No run is active.")]


def paused_verdict(pipeline: Pipeline) -> Verdict:
    """Return the Paused condition."""
    effect = "No run is started until `spec.suspend` is false; a running one goes on."
    return paused(suspend=pipeline.spec.suspend, effect=effect)


def last_run(scene: PipelineScene) -> LastRun | None:
    """Return the newest run in short; what the status says of it outlives the run itself."""
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
