from datetime import UTC, datetime
from typing import Any

import pytest

from support.decisions import end_of, monitor, pending, retrain, window
from support.specs import DIGEST
from support.worlds import NOW
from trimtab_operator.cluster.views import (
    is_waiting,
    newest_mount_failure,
    view_deployment,
    view_fleet_member,
    view_job,
    view_pod,
    view_pods,
    view_ray_job,
)
from trimtab_operator.domain.fleet_brake import FleetMember

WAITING = {
    "windowEnd": end_of(1),
    "outcome": "Suppress",
    "reason": "FleetBusy",
    "message": "",
    "version": DIGEST,
    "triggerId": "t",
    "time": NOW,
}
READY = [
    {"type": "Ready", "status": "True", "reason": "Watching", "lastTransitionTime": NOW},
]
CREATED = "2026-01-01T00:00:00Z"


def pod(name: str = "p", created: str = CREATED, **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": f"uid-{name}", "creationTimestamp": created},
        "spec": {"containers": [{"image": "train:1"}]},
        "status": status,
    }


def container(**state: Any) -> dict[str, Any]:
    return {"name": "train", "restartCount": 2, "state": state}


def job(*conditions: dict[str, str], **status: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "j", "uid": "u", "creationTimestamp": CREATED},
        "spec": {},
        "status": {"conditions": list(conditions)} | status,
    }


def test_a_fresh_pod_has_said_nothing_yet() -> None:
    seen = view_pod(pod())
    assert (seen.phase, seen.ready, seen.ip, seen.exit_code) == ("Pending", False, "", None)
    assert seen.created == datetime(2026, 1, 1, tzinfo=UTC)
    assert seen.image == "train:1"


def test_a_ready_pod() -> None:
    conditions = [{"type": "Ready", "status": "True"}]
    seen = view_pod(pod(phase="Running", podIP="10.0.0.1", conditions=conditions))
    assert (seen.ready, seen.ip) == (True, "10.0.0.1")


def test_a_pod_that_fits_nowhere() -> None:
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/1 nodes",
    }
    assert view_pod(pod(conditions=[scheduled])).unschedulable == "0/1 nodes"
    later = scheduled | {"status": "True"}
    assert view_pod(pod(conditions=[later])).unschedulable == ""


def test_a_container_that_waits() -> None:
    waiting = {"reason": "ErrImagePull", "message": "no such image"}
    seen = view_pod(pod(containerStatuses=[container(waiting=waiting)]))
    assert (seen.waiting_reason, seen.waiting_message) == ("ErrImagePull", "no such image")
    assert seen.restarts == 2


UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}


@pytest.mark.parametrize(
    ("status", "waits"),
    [
        pytest.param({}, True, id="without any status"),
        pytest.param(
            {"containerStatuses": [container(waiting={"reason": "ContainerCreating"})]},
            True,
            id="while its containers are created",
        ),
        pytest.param(
            {"containerStatuses": [container(waiting={"reason": "ErrImagePull"})]},
            False,
            id="for an image, and says so",
        ),
        pytest.param(
            {"conditions": [UNSCHEDULABLE | {"message": "no room"}]}, False, id="for a node"
        ),
        pytest.param({"phase": "Running"}, False, id="for nothing"),
    ],
)
def test_a_pod_waits_for_what_its_status_does_not_tell(status: dict[str, Any], waits: bool) -> None:  # noqa: FBT001 - a table column
    assert is_waiting(view_pod(pod(**status))) is waits


def event(reason: str, **fields: Any) -> dict[str, Any]:
    return {"metadata": {"creationTimestamp": CREATED}, "reason": reason, "note": reason} | fields


MOUNT = event("FailedMount", note="secret not found", deprecatedLastTimestamp=CREATED)
SCHEDULED = event("Scheduled", eventTime="2025-12-31T23:59:59.500000Z")


@pytest.mark.parametrize(
    ("events", "failure"),
    [
        pytest.param([], "", id="no Event"),
        pytest.param([SCHEDULED], "", id="only other Events"),
        pytest.param([MOUNT, SCHEDULED], "secret not found", id="a failed mount is the newest"),
        pytest.param(
            [MOUNT, event("Pulling", deprecatedLastTimestamp="2026-01-01T00:00:05Z")],
            "",
            id="the mount has succeeded since",
        ),
        pytest.param(
            [
                event("Pulling", deprecatedLastTimestamp="2026-01-01T00:00:05Z"),
                MOUNT | {"series": {"lastObservedTime": "2026-01-01T00:00:09.000000Z"}},
            ],
            "secret not found",
            id="a failed mount is seen again",
        ),
    ],
)
def test_a_mount_failure_is_in_the_newest_event(events: list[dict[str, Any]], failure: str) -> None:
    assert newest_mount_failure(events) == failure


ENDED = {"reason": "OOMKilled", "exitCode": 137, "message": "{}"}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(container(terminated=ENDED), id="for good"),
        pytest.param(container(running={}) | {"lastState": {"terminated": ENDED}}, id="once"),
    ],
)
def test_a_container_that_ended(status: dict[str, Any]) -> None:
    seen = view_pod(pod(containerStatuses=[status]))
    assert (seen.terminated_reason, seen.exit_code) == ("OOMKilled", 137)
    assert seen.termination_message == "{}"


def test_the_index_of_an_indexed_job() -> None:
    body = pod()
    body["metadata"]["annotations"] = {"batch.kubernetes.io/job-completion-index": "3"}
    assert view_pod(body).index == 3


def test_the_newest_pod_is_last() -> None:
    bodies = [pod("b", "2026-01-02T00:00:00Z"), pod("a"), pod("c")]
    assert [seen.name for seen in view_pods(bodies)] == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("body", "complete", "failure"),
    [
        pytest.param(job(active=1), False, "", id="at work"),
        pytest.param(job({"type": "Complete", "status": "True"}), True, "", id="complete"),
        pytest.param(
            job({"type": "Failed", "status": "True", "reason": "DeadlineExceeded"}),
            False,
            "DeadlineExceeded",
            id="failed",
        ),
        pytest.param(
            job({"type": "FailureTarget", "status": "True", "reason": "PodFailurePolicy"}),
            False,
            "",
            id="failing, pods still there",
        ),
    ],
)
def test_a_job(body: dict[str, Any], complete: bool, failure: str) -> None:  # noqa: FBT001 - a table column
    seen = view_job(body, [])
    assert (seen.complete, seen.failure_reason) == (complete, failure)


@pytest.mark.parametrize(
    ("status", "active", "complete", "failure"),
    [
        pytest.param({}, 1, False, "", id="new"),
        pytest.param(
            {"jobDeploymentStatus": "Complete", "jobStatus": "SUCCEEDED"}, 0, True, "", id="done"
        ),
        pytest.param(
            {"jobDeploymentStatus": "Complete", "jobStatus": "STOPPED"},
            0,
            False,
            "Stopped",
            id="stop",
        ),
        pytest.param(
            {"jobDeploymentStatus": "Failed", "reason": "AppFailed"},
            0,
            False,
            "AppFailed",
            id="fail",
        ),
    ],
)
def test_a_ray_job(status: dict[str, Any], active: int, complete: bool, failure: str) -> None:  # noqa: FBT001 - a table column
    body = {"metadata": {"name": "r", "uid": "u", "creationTimestamp": CREATED}, "status": status}
    seen = view_ray_job(body, [])
    assert (seen.active, seen.complete, seen.failure_reason) == (active, complete, failure)


def test_pods_that_go_do_not_count_for_a_deployment() -> None:
    leaving = pod("old")
    leaving["metadata"]["deletionTimestamp"] = CREATED
    body = {
        "metadata": {"name": "d", "generation": 4},
        "status": {"observedGeneration": 3, "replicas": 2, "readyReplicas": 1},
    }
    seen = view_deployment(body, [leaving, pod("new")])
    assert [one.name for one in seen.pods] == ["new"]
    assert (seen.generation, seen.observed_generation, seen.updated_replicas) == (4, 3, 0)


@pytest.mark.parametrize(
    ("status", "spec", "expected"),
    [
        pytest.param({}, {}, FleetMember("uid-m"), id="an unseen one"),
        pytest.param(
            {"decision": WAITING, "conditions": READY},
            {},
            FleetMember("uid-m", waiting_for=end_of(1)),
            id="one that waits",
        ),
        pytest.param(
            {"decision": WAITING, "conditions": READY},
            {"mode": "Suggest"},
            FleetMember("uid-m"),
            id="one that may not act any more",
        ),
        pytest.param(
            {"decision": WAITING, "conditions": READY},
            {"suspend": True},
            FleetMember("uid-m"),
            id="one that is suspended",
        ),
        pytest.param(
            {"decision": WAITING}, {}, FleetMember("uid-m"), id="one whose Model is not there"
        ),
        pytest.param(
            {"decision": WAITING | {"reason": "Cooldown"}, "conditions": READY},
            {},
            FleetMember("uid-m"),
            id="one that another guard stopped",
        ),
        pytest.param(
            {"pending": pending(), "retrains": [retrain(1, "Pending")]},
            {},
            FleetMember("uid-m", pending_since=NOW),
            id="one whose run is to start",
        ),
        pytest.param(
            {"pending": pending(), "retrains": [retrain(1, "Running")]},
            {},
            FleetMember("uid-m", pending_since=NOW, running=True),
            id="one whose run is at work",
        ),
    ],
)
def test_a_fleet_member(
    status: dict[str, Any], spec: dict[str, Any], expected: FleetMember
) -> None:
    subject = monitor(window(1), status=status, **spec)
    metadata = {"name": "bikes", "uid": subject.metadata.uid}
    body = {
        "metadata": metadata,
        "spec": subject.spec.to_wire(),
        "status": subject.status.to_wire(),
    }

    assert view_fleet_member(body) == expected


def test_a_fleet_member_without_a_status() -> None:
    body = {"metadata": {"uid": "u"}, "spec": {"modelRef": {"name": "m"}}}

    assert view_fleet_member(body) == FleetMember("u")
