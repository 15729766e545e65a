"""Why pods do not work: a total table from what Kubernetes shows to a reason and a next step."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from trimtab_operator.api.conditions import Reason
from trimtab_operator.domain.observed import JobView, PodView
from trimtab_operator.domain.sentence import ended, sentence
from trimtab_operator.manifests.job import FINAL_EXIT_CODE
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Termination

IMAGE_FAULTS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
        "SignatureValidationFailed",
    }
)
CONTAINER_FAULTS = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
SLOW_START_SECONDS = 15.0
"""A pod that starts for longer is explained."""
SIGKILL_EXIT_CODE = 137


@dataclass(frozen=True, slots=True)
class Place:
    """Words for messages: where the settings of the pods are, and what they mount.

    Attributes:
        owner: the object that people edit, for example "Pipeline `bikes`".
        settings: field of its spec with the pods' settings.
        storage_secret: Secret that the pods mount.
    """

    owner: str
    settings: str
    storage_secret: str


@dataclass(frozen=True, slots=True)
class Fault:
    """A reason and a message with cause, object and next step."""

    reason: str
    message: str


def starting_fault(pod: PodView, place: Place, now: datetime) -> Fault | None:
    """Return why a pod that has not ended does not work, None where nothing is wrong."""
    if pod.unschedulable:
        return Fault(Reason.UNSCHEDULABLE, _unschedulable_message(pod, place))
    if pod.start_failure:
        return Fault(Reason.VOLUME_MISSING, _volume_message(pod, place))
    return _waiting_fault(pod, place) or _slow_start(pod, now)


def _waiting_fault(pod: PodView, place: Place) -> Fault | None:
    if pod.waiting_reason in IMAGE_FAULTS:
        return Fault(Reason.IMAGE_PULL_FAILED, _image_message(pod, place))
    if pod.waiting_reason in CONTAINER_FAULTS:
        return Fault(Reason.CONTAINER_REFUSED, _container_message(pod, place))
    if pod.waiting_reason == "CrashLoopBackOff":
        last = ended_fault(pod, place)
        times = f"Pod `{pod.name}` ended {pod.restarts} times and is started again."
        return Fault(Reason.CRASH_LOOPING, f"{times} {last.message}")
    return None


def ended_fault(pod: PodView, place: Place) -> Fault:
    """Return why a pod's container ended."""
    words = read_termination(pod)
    if _is_out_of_memory(pod, words):
        step = f"Raise `{place.settings}.memory` of {place.owner}."
        cause = f"A process of pod `{pod.name}` was killed for memory."
        return Fault(StageReason.OUT_OF_MEMORY, f"{cause} {step}")
    if words is not None:
        return Fault(words.reason, sentence(words.message))
    if pod.exit_code is None:
        cause = pod.terminated_reason or "the node is gone or was drained"
        return Fault(Reason.EVICTED, f"Pod `{pod.name}` was ended by its node: {ended(cause)}")
    return Fault(Reason.PROCESS_FAILED, _process_message(pod))


def read_termination(pod: PodView) -> Termination | None:
    """Return the last words that Trimtab wrote, None where a pod left none."""
    try:
        return Termination.model_validate_json(pod.termination_message)
    except ValidationError:
        return None


def _is_out_of_memory(pod: PodView, words: Termination | None) -> bool:
    """Return whether the kernel killed the container, or a child that its last words tell of."""
    if words is not None:
        return words.reason is StageReason.OUT_OF_MEMORY
    return pod.terminated_reason == "OOMKilled"


def is_at_work(job: JobView | None) -> bool:
    """Return whether a Job exists and has not ended."""
    return job is not None and not job.failure_reason and not job.complete


def last_failure(job: JobView, place: Place) -> Fault | None:
    """Return why a Job's pods fail, None where no failed pod is left.

    A pod whose fault no attempt can mend speaks for all; its neighbours only lost it.
    """
    failed = [pod for pod in job.pods if pod.phase == "Failed"]
    final = [pod for pod in failed if pod.exit_code == FINAL_EXIT_CODE]
    return ended_fault((final or failed)[-1], place) if failed else None


def job_failure(job: JobView, place: Place) -> Fault:
    """Return why a failed Job failed: its deadline, else the last words of its newest pod."""
    last = last_failure(job, place)
    if job.failure_reason == "DeadlineExceeded":
        step = (
            f"Raise `{place.settings}.deadlineSeconds` of {place.owner}, or make the work smaller."
        )
        seen = f" Last failure: {last.message}" if last else ""
        return Fault(
            Reason.DEADLINE_EXCEEDED,
            f"Job `{job.name}` took longer than its deadline.{seen} {step}",
        )
    if last is None:
        cause = job.failure_message or job.failure_reason or "its pods are gone"
        return Fault(Reason.PROCESS_FAILED, f"Job `{job.name}` failed: {ended(cause)}")
    if job.failure_reason == "PodFailurePolicy" or job.failed == 1:
        return last
    return Fault(
        Reason.ATTEMPTS_EXHAUSTED,
        f"Job `{job.name}` failed {job.failed} times. Last: {last.message}",
    )


def job_fault(job: JobView, place: Place, now: datetime) -> Fault | None:
    """Return why a Job that has not ended does not get on, None where nothing is wrong."""
    for pod in reversed(job.pods):
        if pod.phase in {"Pending", "Running"}:
            fault = starting_fault(pod, place, now)
            if fault is not None:
                return fault
    return _without_pods(job, now)


def _without_pods(job: JobView, now: datetime) -> Fault | None:
    """Return that a Job gets no pod at all: nothing but its own events tells why."""
    young = (now - job.created).total_seconds() < SLOW_START_SECONDS
    if young or job.pods or job.active or job.failed or job.succeeded:
        return None
    return Fault(
        Reason.STARTING,
        f"Job `{job.name}` has had no pod for more than {SLOW_START_SECONDS:.0f} s: a quota, a "
        f"policy or a missing account refuses it. `kubectl describe job {job.name}` tells which.",
    )


def _slow_start(pod: PodView, now: datetime) -> Fault | None:
    young = (now - pod.created).total_seconds() < SLOW_START_SECONDS
    if young or pod.phase != "Pending":
        return None
    return Fault(
        Reason.STARTING,
        f"Pod `{pod.name}` has been starting for more than {SLOW_START_SECONDS:.0f} s: image "
        f"`{pod.image}` is being pulled, or a volume is being prepared. "
        f"`kubectl describe pod {pod.name}` tells which.",
    )


def _unschedulable_message(pod: PodView, place: Place) -> str:
    step = f"Lower `{place.settings}` of {place.owner}, or add a node with room."
    return f"No node takes pod `{pod.name}`: {ended(pod.unschedulable)} {step}"


def _volume_message(pod: PodView, place: Place) -> str:
    step = f"`kubectl describe pod {pod.name}` has its Events."
    if f'"{place.storage_secret}"' in pod.start_failure:
        step = (
            f"Create Secret `{place.storage_secret}` in this namespace; where the chart brings the "
            "store, name the namespace under `storage.tenants` in its values."
        )
    return f"Pod `{pod.name}` waits for a volume: {ended(pod.start_failure)} {step}"


def _image_message(pod: PodView, place: Place) -> str:
    detail = pod.waiting_message or pod.waiting_reason
    step = f"Correct `{place.settings}.image` of {place.owner}, or let the node reach the registry."
    return f"Pod `{pod.name}` cannot get image `{pod.image}`: {ended(detail)} {step}"


def _container_message(pod: PodView, place: Place) -> str:
    detail = pod.waiting_message or pod.waiting_reason
    step = (
        f"See that Secret `{place.storage_secret}` exists in this namespace, and that "
        f"`{place.settings}` of {place.owner} fits the image."
    )
    return f"Pod `{pod.name}` cannot be created: {ended(detail)} {step}"


def _process_message(pod: PodView) -> str:
    killed = " (killed)" if pod.exit_code == SIGKILL_EXIT_CODE else ""
    tail = pod.termination_message.strip()[-512:]
    words = f" Its last output: {ended(tail)}" if tail else ""
    step = f"`kubectl logs {pod.name}` has the rest."
    return f"Pod `{pod.name}` ended with exit code {pod.exit_code}{killed}.{words} {step}"
