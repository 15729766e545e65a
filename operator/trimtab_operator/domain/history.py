"""Which finished PipelineRuns are deleted. Their artefacts stay in the store."""

from trimtab_operator.api.base import API_VERSION
from trimtab_operator.api.model import Model
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.needed_runs import kept_runs
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.plan import Delete


def outdated_runs(
    runs: tuple[PipelineRun, ...], models: tuple[Model, ...], limit: int
) -> tuple[Delete, ...]:
    """Return the deletion of finished runs beyond the limit, oldest first.

    Runs of a champion, of its challenger and of its predecessor stay, whatever their age.

    Args:
        runs: runs of a Pipeline, oldest first.
        models: Models that serve it.
        limit: finished runs that are kept.
    """
    finished = [run for run in runs if is_finished(run)]
    needed = {name for model in models for name in kept_runs(model)}
    surplus = finished[: max(0, len(finished) - limit)]
    return tuple(
        Delete(API_VERSION, "PipelineRun", run.metadata.name)
        for run in surplus
        if run.metadata.name not in needed
    )
