"""How far work is, in the words of a status."""

from trimtab_operator.api.conditions import Reason
from trimtab_operator.api.pipelinerun import RunProgress
from trimtab_operator.domain.observed import JobView
from trimtab_operator.domain.pod_faults import Fault, Place, last_failure
from trimtab_stages.contract.run import Progress

MAX_MESSAGE = 256


def attempts_started(job: JobView) -> int:
    """Return how many attempts of its head a Job has started; other indexes follow the head."""
    heads = [pod for pod in job.pods if pod.index in {None, 0}]
    return len(heads) or min(1, job.active + job.failed + job.succeeded)


def retry_fault(job: JobView, place: Place, allowed: int, then: str) -> Fault | None:
    """Return why an attempt failed while the next one has not begun, None at any other time.

    Args:
        job: a Job that has not ended.
        place: words for messages.
        allowed: attempts that it may make.
        then: what the next attempt will do.
    """
    if not job.failed or any(pod.phase == "Running" for pod in job.pods):
        return None
    words = f"{attempts_started(job)} of {allowed} attempts started; {then}."
    last = last_failure(job, place)
    return Fault(Reason.RETRYING, f"{words} Last: {last.message}" if last else words)


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
