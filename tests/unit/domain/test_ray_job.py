"""What a RayJob's status means: every combination has one meaning, none starts a second run."""

import pytest

from support.worlds import CREATED
from trimtab_operator.domain.ray_job import RayJobView, job_view

DEPLOYMENT = ["", "Initializing", "Running", "Complete", "Failed", "ValidationFailed"]
DEPLOYMENT += ["Suspending", "Suspended", "Retrying", "Waiting", "SomethingNew"]
JOB = ["", "PENDING", "RUNNING", "STOPPED", "SUCCEEDED", "FAILED"]


def view(deployment: str, job: str = "", reason: str = "") -> RayJobView:
    return RayJobView("run", "uid", CREATED, deployment, job, reason)


@pytest.mark.parametrize(
    ("ray", "complete", "failure"),
    [
        pytest.param(view(""), False, "", id="not seen by KubeRay yet"),
        pytest.param(view("Running", "RUNNING"), False, "", id="training"),
        pytest.param(view("Running", "SUCCEEDED"), False, "", id="finishing"),
        pytest.param(view("Retrying", "FAILED"), False, "", id="KubeRay tries again"),
        pytest.param(view("Complete", "SUCCEEDED"), True, "", id="ended well"),
        pytest.param(
            view("Complete", "SUCCEEDED", "JobDeploymentStatusTransitionGracePeriodExceeded"),
            True,
            "",
            id="ended well, and a reason that means nothing here",
        ),
        pytest.param(view("Complete", "STOPPED"), False, "Stopped", id="stopped is no success"),
        pytest.param(
            view("Complete", "RUNNING"), False, "InconsistentRayStatus", id="a contradiction"
        ),
        pytest.param(view("Failed", "FAILED", "AppFailed"), False, "AppFailed", id="it failed"),
        pytest.param(
            view("Failed", "", "DeadlineExceeded"), False, "DeadlineExceeded", id="too late"
        ),
        pytest.param(view("ValidationFailed"), False, "ValidationFailed", id="KubeRay refuses it"),
    ],
)
def test_meaning(ray: RayJobView, complete: bool, failure: str) -> None:  # noqa: FBT001 - a table's column
    found = job_view(ray)

    assert (found.complete, found.failure_reason) == (complete, failure)


def test_a_queued_run_is_suspended_not_ended() -> None:
    found = job_view(view("Suspended"))

    assert found.suspended
    assert found.active == 1


@pytest.mark.parametrize("deployment", DEPLOYMENT)
@pytest.mark.parametrize("job", JOB)
def test_every_combination_is_at_work_or_ended_never_both(deployment: str, job: str) -> None:
    for reason in ("", "AppFailed", "DeadlineExceeded"):
        found = job_view(view(deployment, job, reason))
        ended = [found.complete, bool(found.failure_reason)]

        assert sum(ended) <= 1
        assert (found.active == 0) is any(ended)
