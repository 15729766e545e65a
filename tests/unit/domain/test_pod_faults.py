"""What Kubernetes shows of pods, as a reason and a message with cause, object and next step."""

from dataclasses import replace

import pytest

from support.worlds import NOW, job, later, pod
from trimtab_operator.domain.observed import JobView, PodView
from trimtab_operator.domain.pod_faults import (
    Fault,
    Place,
    ended_fault,
    is_at_work,
    job_failure,
    job_fault,
    starting_fault,
)
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Termination

PLACE = Place(owner="Pipeline `bikes`", settings="spec.compute", storage_secret="trimtab-storage")  # noqa: S106 - a name
KILLED = (
    "A process of pod `pod-0` was killed for memory. Raise `spec.compute.memory` of Pipeline "
    "`bikes`."
)
OWN_WORDS = Termination(reason=StageReason.OUT_OF_MEMORY, message="A process was killed.")
WORDS = Termination(
    reason=StageReason.NAN_LOSS, message="The loss is NaN after epoch 3; lower the learning rate."
)
OOM = pod(phase="Failed", exit_code=137, terminated_reason="OOMKilled")
CRASHED = pod(phase="Failed", exit_code=1, termination_message="Traceback\nKeyError: 'x'\n")

STARTING = [
    pytest.param(
        pod(phase="Pending", unschedulable="0/1 nodes are available: 1 Insufficient memory."),
        "Unschedulable",
        "No node takes pod `pod-0`: 0/1 nodes are available: 1 Insufficient memory. Lower "
        "`spec.compute` of Pipeline `bikes`, or add a node with room.",
        id="no node has room",
    ),
    pytest.param(
        pod(phase="Pending", start_failure='secret "trimtab-storage" not found'),
        "VolumeMissing",
        'Pod `pod-0` waits for a volume: secret "trimtab-storage" not found. Create Secret '
        "`trimtab-storage` in this namespace; where the chart brings the store, name the namespace "
        "under `storage.tenants` in its values.",
        id="the storage Secret is missing",
    ),
    pytest.param(
        pod(phase="Pending", start_failure='configmap "bikes-1" not found'),
        "VolumeMissing",
        'Pod `pod-0` waits for a volume: configmap "bikes-1" not found. `kubectl describe pod '
        "pod-0` has its Events.",
        id="another volume is missing",
    ),
    pytest.param(
        pod(phase="Pending", waiting_reason="ImagePullBackOff", waiting_message="Back-off pulling"),
        "ImagePullFailed",
        "Pod `pod-0` cannot get image `trimtab/train:1`: Back-off pulling. Correct "
        "`spec.compute.image` of Pipeline `bikes`, or let the node reach the registry.",
        id="the image cannot be pulled",
    ),
    pytest.param(
        pod(phase="Pending", waiting_reason="InvalidImageName"),
        "ImagePullFailed",
        "Pod `pod-0` cannot get image `trimtab/train:1`: InvalidImageName. Correct "
        "`spec.compute.image` of Pipeline `bikes`, or let the node reach the registry.",
        id="the image has no valid name",
    ),
    pytest.param(
        pod(
            phase="Pending",
            waiting_reason="CreateContainerConfigError",
            waiting_message='secret "x" not found',
        ),
        "ContainerRefused",
        'Pod `pod-0` cannot be created: secret "x" not found. See that Secret `trimtab-storage` '
        "exists in this namespace, and that `spec.compute` of Pipeline `bikes` fits the image.",
        id="the container cannot be created",
    ),
    pytest.param(
        pod(
            waiting_reason="CrashLoopBackOff",
            restarts=4,
            exit_code=1,
            termination_message=WORDS.model_dump_json(),
        ),
        "CrashLooping",
        "Pod `pod-0` ended 4 times and is started again. The loss is NaN after epoch 3; lower the "
        "learning rate.",
        id="the container ends again and again",
    ),
    pytest.param(
        pod(phase="Pending", created=later(-30), waiting_reason="ContainerCreating"),
        "Starting",
        "Pod `pod-0` has been starting for more than 15 s: image `trimtab/train:1` is being "
        "pulled, or a volume is being prepared. `kubectl describe pod pod-0` tells which.",
        id="the pod takes long to start",
    ),
]

ENDED = [
    pytest.param(
        pod(phase="Failed", exit_code=4, termination_message=WORDS.model_dump_json()),
        "NaNLoss",
        "The loss is NaN after epoch 3; lower the learning rate.",
        id="the stage said why",
    ),
    pytest.param(
        OOM,
        "OutOfMemory",
        KILLED,
        id="killed for memory",
    ),
    pytest.param(
        pod(phase="Failed", exit_code=3, termination_message=OWN_WORDS.model_dump_json()),
        "OutOfMemory",
        KILLED,
        id="a child was killed for memory",
    ),
    pytest.param(
        pod(phase="Failed", terminated_reason="Evicted"),
        "Evicted",
        "Pod `pod-0` was ended by its node: Evicted.",
        id="evicted",
    ),
    pytest.param(
        pod(phase="Failed"),
        "Evicted",
        "Pod `pod-0` was ended by its node: the node is gone or was drained.",
        id="the node is gone",
    ),
    pytest.param(
        CRASHED,
        "ProcessFailed",
        "Pod `pod-0` ended with exit code 1. Its last output: Traceback\nKeyError: 'x'. "
        "`kubectl logs pod-0` has the rest.",
        id="a crash with the end of its log",
    ),
    pytest.param(
        pod(phase="Failed", exit_code=137),
        "ProcessFailed",
        "Pod `pod-0` ended with exit code 137 (killed). `kubectl logs pod-0` has the rest.",
        id="killed by somebody",
    ),
]

FAILED = [
    pytest.param(
        job(OOM, failed=4, failure_reason="MaxFailedIndexesExceeded"),
        "AttemptsExhausted",
        f"Job `bikes-3f9a1c20d7` failed 4 times. Last: {KILLED}",
        id="all attempts are used",
    ),
    pytest.param(
        job(OOM, failed=1, failure_reason="MaxFailedIndexesExceeded"),
        "OutOfMemory",
        KILLED,
        id="the only attempt is used",
    ),
    pytest.param(
        job(
            CRASHED,
            pod(phase="Failed", exit_code=3, termination_message=WORDS.model_dump_json()),
            failed=2,
            failure_reason="PodFailurePolicy",
        ),
        "NaNLoss",
        "The loss is NaN after epoch 3; lower the learning rate.",
        id="a fault that no attempt can mend",
    ),
    pytest.param(
        job(
            pod(phase="Failed", exit_code=3, termination_message=WORDS.model_dump_json()),
            pod("pod-1", phase="Failed", exit_code=4),
            failed=2,
            failure_reason="PodFailurePolicy",
        ),
        "NaNLoss",
        "The loss is NaN after epoch 3; lower the learning rate.",
        id="a worker that lost its head does not speak for it",
    ),
    pytest.param(
        job(OOM, failed=1, failure_reason="DeadlineExceeded"),
        "DeadlineExceeded",
        f"Job `bikes-3f9a1c20d7` took longer than its deadline. Last failure: {KILLED} Raise "
        "`spec.compute.deadlineSeconds` of Pipeline `bikes`, or make the work smaller.",
        id="the deadline came after a failure",
    ),
    pytest.param(
        job(failed=1, failure_reason="BackoffLimitExceeded", failure_message="Job has failed"),
        "ProcessFailed",
        "Job `bikes-3f9a1c20d7` failed: Job has failed.",
        id="no pod is left to tell why",
    ),
]


@pytest.mark.parametrize(("view", "reason", "message"), STARTING)
def test_a_pod_that_does_not_start(view: PodView, reason: str, message: str) -> None:
    assert starting_fault(view, PLACE, NOW) == Fault(reason, message)


@pytest.mark.parametrize(
    "view",
    [
        pytest.param(pod(), id="it runs"),
        pytest.param(pod(phase="Pending", created=later(-5)), id="it has just been created"),
        pytest.param(pod(created=later(-600)), id="it has run for long"),
    ],
)
def test_a_healthy_pod(view: PodView) -> None:
    assert starting_fault(view, PLACE, NOW) is None


@pytest.mark.parametrize(("view", "reason", "message"), ENDED)
def test_a_pod_that_ended(view: PodView, reason: str, message: str) -> None:
    assert ended_fault(view, PLACE) == Fault(reason, message)


@pytest.mark.parametrize(("view", "reason", "message"), FAILED)
def test_a_job_that_failed(view: JobView, reason: str, message: str) -> None:
    assert job_failure(view, PLACE) == Fault(reason, message)


def test_the_newest_pod_that_cannot_work_explains_its_job() -> None:
    stuck = pod("pod-1", phase="Pending", unschedulable="no room")

    assert job_fault(job(OOM, stuck), PLACE, NOW) == starting_fault(stuck, PLACE, NOW)


def test_a_job_that_gets_no_pod_says_where_to_look() -> None:
    fault = job_fault(job(active=0), PLACE, NOW)

    assert fault == Fault(
        "Starting",
        "Job `bikes-3f9a1c20d7` has had no pod for more than 15 s: a quota, a policy or a missing "
        "account refuses it. `kubectl describe job bikes-3f9a1c20d7` tells which.",
    )
    assert job_fault(job(active=0, created=later(-5)), PLACE, NOW) is None


def test_pods_that_ended_do_not_explain_a_job_at_work() -> None:
    assert job_fault(job(OOM, pod("pod-1")), PLACE, NOW) is None


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        pytest.param(None, False, id="no Job"),
        pytest.param(job(), True, id="a Job without pods yet"),
        pytest.param(replace(job(), complete=True), False, id="a complete Job"),
        pytest.param(replace(job(), failure_reason="DeadlineExceeded"), False, id="a failed Job"),
    ],
)
def test_at_work(view: JobView | None, expected: bool) -> None:  # noqa: FBT001 - a table's column
    assert is_at_work(view) is expected
