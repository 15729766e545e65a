"""Which finished PipelineRuns are deleted. Their artefacts stay in the store."""

from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.plan import Delete


def outdated_runs(
    runs: tuple[PipelineRun, ...], models: tuple[Model, ...], limit: int
) -> tuple[Delete, ...]:
    """Return the deletion of finished runs beyond the limit, oldest first.

    Runs of a champion or of its predecessor stay, whatever their age: a rollback may need them.

    Args:
        runs: runs of a Pipeline, oldest first.
        models: Models that serve it.
        limit: finished runs that are kept.
    """
    finished = [run for run in runs if is_finished(run)]
    needed = {name for model in models for name in _needed_by(model)}
    surplus = finished[: max(0, len(finished) - limit)]
    return tuple(
        Delete(API_VERSION, "PipelineRun", run.metadata.name)
        for run in surplus
        if run.metadata.name not in needed
    )


def _needed_by(model: Model) -> set[str]:
    kept = [model.status.champion, *model.status.history[:1]]
    return {version.run for version in kept if version is not None and version.run is not None}
