"""What a RayJob's status means, as a total table. It only ends the waiting for the commit.

Source: ray-project/kuberay `ray-operator/controllers/ray/rayjob_controller.go`: a RayJob may be
Failed although its driver committed, and Complete although it was stopped.
"""

from dataclasses import dataclass
from datetime import datetime

from trimtab_operator.domain.observed import JobView, PodView

SUSPENDED = frozenset({"Suspending", "Suspended"})
FAILED = frozenset({"Failed", "ValidationFailed"})


@dataclass(frozen=True, slots=True)
class RayJobView:
    """A RayJob, reduced to what decisions need.

    Attributes:
        name: its name, the run's.
        uid: its uid.
        created: when it was created.
        deployment_status: `status.jobDeploymentStatus`; empty before the first.
        job_status: `status.jobStatus` of the driver; empty before the first.
        reason: `status.reason`.
        message: `status.message`.
        failed: attempts that failed so far, `status.failed`.
        pods: pods of its cluster, newest last.
    """

    name: str
    uid: str
    created: datetime
    deployment_status: str = ""
    job_status: str = ""
    reason: str = ""
    message: str = ""
    failed: int = 0
    pods: tuple[PodView, ...] = ()


def job_view(ray: RayJobView) -> JobView:
    """Return a RayJob as the Job that it stands for.

    A status that is not known counts as work: the run's own deadline bounds it.
    """
    failure = _failure_reason(ray)
    complete = ray.deployment_status == "Complete" and not failure
    return JobView(
        name=ray.name,
        uid=ray.uid,
        created=ray.created,
        active=0 if failure or complete else 1,
        succeeded=1 if complete else 0,
        failed=ray.failed,
        failure_reason=failure,
        failure_message=ray.message,
        complete=complete,
        suspended=ray.deployment_status in SUSPENDED,
        pods=ray.pods,
    )


def _failure_reason(ray: RayJobView) -> str:
    if ray.deployment_status in FAILED:
        return ray.reason or ray.deployment_status
    if ray.deployment_status != "Complete" or ray.job_status == "SUCCEEDED":
        return ""
    return "Stopped" if ray.job_status == "STOPPED" else "InconsistentRayStatus"
