"""Which run's model becomes champion: the newest one that passed, and never an older one."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.model import Model, Version
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.conditions import Truth
from trimtab_operator.domain.gate_judgement import Judgement, judge_commit
from trimtab_operator.domain.rollout import on_trial
from trimtab_stages.contract.gates import Outcome
from trimtab_stages.contract.run import Commit

HISTORY = 10


@dataclass(frozen=True, slots=True)
class Promotion:
    """A run whose model should serve from now on."""

    run: PipelineRun
    commit: Commit
    judgement: Judgement


def newest_passed(runs: tuple[PipelineRun, ...]) -> PipelineRun | None:
    """Return the newest run whose gates all passed; Inconclusive and Failed never count.

    Args:
        runs: runs of one Pipeline, oldest first.
    """
    return next((run for run in reversed(runs) if has_passed(run)), None)


def has_passed(run: PipelineRun) -> bool:
    """Return whether a run has a commit and the operator found that its gates passed."""
    wanted = (ConditionType.COMPLETE, ConditionType.GATES_PASSED)
    found = [run.status.condition(kind) for kind in wanted]
    return all(item is not None and item.status == Truth.TRUE for item in found)


def next_champion(
    champion: Version | None,
    runs: tuple[PipelineRun, ...],
    commits: dict[str, Commit],
    rejected: Collection[str] = (),
) -> Promotion | None:
    """Return the promotion that is due, None where the champion stays.

    The gates are judged again from the commit, so that nothing but the evidence promotes.

    Args:
        champion: version that a promotion must be newer than.
        runs: runs of one Pipeline, oldest first.
        commits: their commits by run name.
        rejected: digests that were rolled back.
    """
    run = newest_passed(runs)
    if run is None or not is_newer(run, champion, runs):
        return None
    commit = commits.get(run.metadata.name)
    if commit is None:
        return None
    judgement = judge_commit(run.spec.recipe.gates, commit)
    digest = commit.model.file.digest
    fits = digest == run.status.model_digest and digest not in rejected
    passed = judgement.outcome is Outcome.PASSED
    return Promotion(run, commit, judgement) if passed and fits else None


def is_newer(run: PipelineRun, champion: Version | None, runs: tuple[PipelineRun, ...]) -> bool:
    """Return whether a run comes after the one that made the champion.

    Args:
        run: one of `runs`.
        champion: version that serves.
        runs: runs of one Pipeline, oldest first.
    """
    if champion is None or champion.run is None:
        return True
    if champion.run == run.metadata.name:
        return False
    serving = next((item for item in runs if item.metadata.name == champion.run), None)
    if serving is None:
        ended = run.status.completion_time
        return ended is not None and ended > champion.since
    return runs.index(run) > runs.index(serving)


def is_being_replaced(model: Model, runs: tuple[PipelineRun, ...]) -> bool:
    """Return whether what a run has made may still take the champion's place by itself.

    Args:
        model: a Model of the runs' Pipeline.
        runs: runs of one Pipeline, oldest first.
    """
    status = model.status
    if on_trial(status) is not None:
        return True
    run = newest_passed(runs)
    if run is None or not is_newer(run, status.champion, runs):
        return False
    settled = (*status.rejected, status.champion, status.challenger)
    return run.status.model_digest not in {item.digest for item in settled if item is not None}


def promoted(model: Model, version: Version) -> dict[str, object]:
    """Return the status fields after a promotion: the version serves, the former one is kept."""
    former = model.status.champion
    history = [former, *model.status.history] if former is not None else model.status.history
    return {"champion": version, "history": history[:HISTORY]}


def version_of(promotion: Promotion, now: datetime) -> Version:
    """Return a run's model as the version that serves from now on."""
    artifact = promotion.commit.model
    return Version(
        digest=artifact.file.digest,
        key=artifact.file.key,
        run=promotion.run.metadata.name,
        snapshot=promotion.commit.snapshot,
        since=now,
    )
