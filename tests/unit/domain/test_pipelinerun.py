"""What a PipelineRun needs next; only the commit makes it complete."""

from dataclasses import replace
from typing import Any

import pytest

from support.worlds import (
    LOST_STORE,
    NOW,
    RELEASE,
    STORE,
    commit,
    failed,
    finished,
    job,
    later,
    message,
    pod,
    run,
    steps,
    told,
)
from trimtab_operator.api.pipelinerun import PipelineRun, PipelineRunStatus
from trimtab_operator.domain.observed import ObservedPipelineRun, StorageView
from trimtab_operator.domain.pipelinerun import is_finished, plan_pipelinerun
from trimtab_operator.domain.plan import Plan
from trimtab_operator.manifests.release import Launcher
from trimtab_stages.contract.gates import Evidence
from trimtab_stages.contract.run import Progress, StageName

NAME = "bikes-3f9a1c20d7"
OOM = pod(phase="Failed", exit_code=137, terminated_reason="OOMKilled")


def world(storage: StorageView = STORE, **parts: Any) -> ObservedPipelineRun:
    return replace(ObservedPipelineRun(release=RELEASE, storage=storage), **parts)


def plan(subject: PipelineRun, seen: ObservedPipelineRun) -> Plan:
    return plan_pipelinerun(subject, seen, NOW)


def status_of(result: Plan) -> PipelineRunStatus:
    assert isinstance(result.status, PipelineRunStatus)
    return result.status


def test_a_new_run_gets_its_pods() -> None:
    result = plan(run(), world())

    assert steps(result) == [f"Create ConfigMap/{NAME}", f"Create Job/{NAME}"]
    assert told(result) == {
        "Reconciling": "True Starting",
        "StorageReachable": "True Stored",
        "Complete": "False Starting",
        "Failed": "False Starting",
        "GatesPassed": "Unknown Pending",
    }
    assert status_of(result).start_time == NOW


def test_several_workers_get_a_service_to_find_their_head() -> None:
    result = plan(run(compute={"workers": 3}), world())

    assert steps(result) == [
        f"Create ConfigMap/{NAME}",
        f"Create Service/{NAME}",
        f"Create Job/{NAME}",
    ]


def test_with_kuberay_a_run_is_a_ray_job() -> None:
    release = replace(RELEASE, launcher=Launcher.RAY_JOB, ray_version="2.54.0")

    result = plan(run(compute={"workers": 3}), world(release=release))

    assert steps(result) == [f"Create ConfigMap/{NAME}", f"Create RayJob/{NAME}"]


def test_nothing_starts_without_a_store() -> None:
    result = plan(run(), world(LOST_STORE))

    assert steps(result) == []
    assert told(result)["Complete"] == "False StoreUnreachable"
    assert status_of(result).start_time is None


def test_a_run_at_work_shows_its_progress() -> None:
    progress = Progress(stage=StageName.TRAIN, done=3, of=60, numbers={"loss": 0.25})

    result = plan(run(), world(job=job(pod(index=0)), progress=progress))

    assert told(result)["Complete"] == "False Running"
    assert status_of(result).attempts == 1
    shown = status_of(result).progress
    assert shown is not None
    assert (shown.done, shown.message) == (3, "loss 0.25")


def test_a_stuck_run_says_how_a_correction_reaches_it() -> None:
    stuck = pod(phase="Pending", waiting_reason="ErrImagePull", waiting_message="not found")

    result = plan(run(), world(job=job(stuck)))

    assert message(result, "Complete") == (
        "Pod `pod-0` cannot get image `trimtab/train:1`: not found. Correct `spec.compute.image` "
        "of Pipeline `bikes`, or let the node reach the registry. A corrected Pipeline needs a new "
        "run: `kubectl delete pipelinerun bikes-3f9a1c20d7`, then annotate the Pipeline with a new "
        "value of `trimtab.dev/run-requested`."
    )


def test_a_failed_attempt_says_that_the_next_one_goes_on() -> None:
    seen = world(job=job(OOM, failed=1, active=0))

    result = plan(run(), seen)

    assert told(result)["Complete"] == "False Retrying"
    assert message(result, "Complete") == (
        "1 of 4 attempts started; the next goes on from the checkpoint. Last: A process of pod "
        "`pod-0` was killed for memory. Raise `spec.compute.memory` of Pipeline `bikes`."
    )


def test_the_last_attempt_ends_the_run_and_is_recorded() -> None:
    seen = world(job=job(OOM, failed=4, active=0, failure_reason="MaxFailedIndexesExceeded"))

    result = plan(run(), seen)

    assert steps(result) == ["Record RunFailed", "Emit RunFailed"]
    assert told(result)["Failed"] == "True AttemptsExhausted"
    assert told(result)["Stalled"] == "True AttemptsExhausted"
    assert status_of(result).completion_time == NOW
    assert message(result, "Failed").endswith(
        "To try again, correct Pipeline `bikes`, then annotate it with a new value of "
        "`trimtab.dev/run-requested`."
    )


def test_a_commit_counts_whatever_the_job_says() -> None:
    broken = job(OOM, failed=4, failure_reason="MaxFailedIndexesExceeded")

    result = plan(run(), world(job=broken, commit=commit(), commit_digest="sha256:" + "c" * 64))

    assert told(result)["Complete"] == "True Committed"
    assert told(result)["Failed"] == "False Committed"


def test_a_commit_counts_where_the_job_is_gone() -> None:
    result = plan(run(), world(commit=commit()))

    assert told(result)["Complete"] == "True Committed"
    assert steps(result) == ["Record GatesJudged", "Emit GatesJudged"]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        pytest.param(1e-6, "True Passed", id="parity holds"),
        pytest.param(0.5, "False GatesFailed", id="parity does not hold"),
        pytest.param(None, "Unknown Inconclusive", id="parity was not measured"),
    ],
)
def test_the_operator_judges_the_evidence_itself(error: float | None, expected: str) -> None:
    found = commit(evidence=Evidence(parity_max_abs_error=error, parity_rows=10))

    result = plan(run(), world(commit=found))

    assert told(result)["GatesPassed"] == expected
    assert [gate.name for gate in status_of(result).gates] == ["parity", "not-worse"]


def test_a_foreign_commit_is_refused() -> None:
    result = plan(run(), world(commit=commit("other-run")))

    assert told(result)["Failed"] == "True ArtifactConflict"
    assert status_of(result).model_digest is None


def test_an_ended_job_is_not_judged_while_the_store_is_lost() -> None:
    result = plan(run(), world(LOST_STORE, job=job(complete=True)))

    assert told(result)["Complete"] == "False StoreUnreachable"
    assert told(result)["Failed"].startswith("False")


def test_a_job_that_ended_well_without_a_commit_fails_the_run() -> None:
    assert told(plan(run(), world(job=job(complete=True))))["Failed"] == "True CommitMissing"


@pytest.mark.parametrize(
    "status", [pytest.param(finished(), id="complete"), pytest.param(failed(), id="failed")]
)
def test_a_finished_run_is_never_touched_again(status: dict[str, object]) -> None:
    subject = run(status=status)

    result = plan(subject, world(job=job(pod())))

    assert is_finished(subject)
    assert result == Plan(status=subject.status)


def test_planning_a_waiting_run_again_changes_nothing() -> None:
    seen = world(job=job(pod(index=0)))
    first = plan(run(), seen)

    again = plan_pipelinerun(run().model_copy(update={"status": first.status}), seen, later(30))

    assert again.status == first.status
