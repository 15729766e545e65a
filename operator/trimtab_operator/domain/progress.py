"""How far a run is, in the words of its status."""

from trimtab_operator.api.pipelinerun import RunProgress
from trimtab_operator.domain.observed import JobView
from trimtab_stages.contract.run import Progress

MAX_MESSAGE = 256


def attempts_started(job: JobView) -> int:
    """Return how many attempts of its head a Job has started; other indexes follow the head."""
    heads = [pod for pod in job.pods if pod.index in {None, 0}]
    return len(heads) or min(1, job.active + job.failed + job.succeeded)


def progress_status(progress: Progress | None) -> RunProgress | None:
    """Return the newest progress with its figures as text; status carries no floats."""
    if progress is None:
        return None
    figures = ", ".join(f"{name} {value:.4g}" for name, value in sorted(progress.numbers.items()))
    return RunProgress(
        stage=progress.stage,
        done=progress.done,
        of=progress.of,
        message=figures[:MAX_MESSAGE],
    )
