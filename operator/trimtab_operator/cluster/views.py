"""Reduces Jobs, Deployments and Pods to what decisions need."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.cluster.client import Manifest
from trimtab_operator.domain.fleet_brake import FleetMember
from trimtab_operator.domain.observed import DeploymentView, JobView, PodView
from trimtab_operator.domain.ray_job import RayJobView, job_view
from trimtab_operator.manifests import labels

COMPLETION_INDEX = "batch.kubernetes.io/job-completion-index"
UNTOLD = frozenset({"", "ContainerCreating", "PodInitializing"})
"""What containers wait for, by their status, while volumes are prepared or an image is pulled."""
FAILED_MOUNT = "FailedMount"


def view_pod(body: Manifest) -> PodView:
    """Return the view of a Pod."""
    metadata, status = body["metadata"], body.get("status", {})
    containers = _container_statuses(status)
    waiting = _first([entry.get("state", {}).get("waiting") for entry in containers])
    ended = _first([_termination(entry) for entry in containers])
    annotations = metadata.get("annotations", {})
    index = annotations.get(COMPLETION_INDEX)
    return PodView(
        name=metadata["name"],
        uid=metadata["uid"],
        phase=status.get("phase", "Pending"),
        created=_created(body),
        ready=_condition(status, "Ready").get("status") == "True",
        ip=status.get("podIP", ""),
        unschedulable=_unschedulable(status),
        waiting_reason=waiting.get("reason", ""),
        waiting_message=waiting.get("message", ""),
        terminated_reason=ended.get("reason", ""),
        exit_code=ended.get("exitCode"),
        termination_message=ended.get("message", ""),
        restarts=sum(entry.get("restartCount", 0) for entry in containers),
        image=body["spec"]["containers"][0].get("image", ""),
        index=int(index) if index is not None else None,
        told_revision=annotations.get(labels.PLAN_REVISION, ""),
    )


def view_pods(bodies: Sequence[Manifest]) -> tuple[PodView, ...]:
    """Return the views of pods, newest last."""
    return tuple(sorted(map(view_pod, bodies), key=lambda pod: (pod.created, pod.name)))


def view_job(body: Manifest, pods: Sequence[Manifest]) -> JobView:
    """Return the view of a Job and its pods."""
    metadata, status = body["metadata"], body.get("status", {})
    failed = _condition(status, "Failed")
    has_failed = failed.get("status") == "True"
    return JobView(
        name=metadata["name"],
        uid=metadata["uid"],
        created=_created(body),
        active=status.get("active", 0),
        succeeded=status.get("succeeded", 0),
        failed=status.get("failed", 0),
        failure_reason=failed.get("reason", "") if has_failed else "",
        failure_message=failed.get("message", "") if has_failed else "",
        complete=_condition(status, "Complete").get("status") == "True",
        suspended=body["spec"].get("suspend", False),
        compute=metadata.get("labels", {}).get(labels.COMPUTE, ""),
        deleting="deletionTimestamp" in metadata,
        pods=view_pods(pods),
    )


def view_ray_job(body: Manifest, pods: Sequence[Manifest]) -> JobView:
    """Return the view of a KubeRay RayJob as the Job that it stands for."""
    metadata, status = body["metadata"], body.get("status", {})
    ray = RayJobView(
        name=metadata["name"],
        uid=metadata["uid"],
        created=_created(body),
        deployment_status=status.get("jobDeploymentStatus", ""),
        job_status=status.get("jobStatus", ""),
        reason=status.get("reason", ""),
        message=status.get("message", ""),
        failed=status.get("failed", 0),
        pods=view_pods(pods),
    )
    return replace(job_view(ray), deleting="deletionTimestamp" in metadata)


def view_deployment(body: Manifest, pods: Sequence[Manifest]) -> DeploymentView:
    """Return the view of a Deployment and its pods that are not being deleted."""
    metadata, status = body["metadata"], body.get("status", {})
    staying = [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]
    return DeploymentView(
        name=metadata["name"],
        generation=metadata["generation"],
        observed_generation=status.get("observedGeneration", 0),
        replicas=status.get("replicas", 0),
        ready_replicas=status.get("readyReplicas", 0),
        updated_replicas=status.get("updatedReplicas", 0),
        pods=view_pods(staying),
    )


def view_fleet_member(body: Manifest) -> FleetMember:
    """Return the view of a DriftMonitor as one of the fleet.

    It waits for a slot only while it could take one: its spec is valid and lets it act.
    """
    spec, status = body["spec"], body.get("status", {})
    last, pending = status.get("decision") or {}, status.get("pending") or {}
    may_act = spec.get("mode") == "Act" and not spec.get("suspend", False)
    is_ready = _condition(status, "Ready").get("status") == "True"
    waits = may_act and is_ready and last.get("reason") == DecisionReason.FLEET_BUSY
    retrains = {item["triggerId"]: item for item in status.get("retrains", [])}
    entry = retrains.get(pending.get("triggerId"), {})
    return FleetMember(
        uid=body["metadata"]["uid"],
        waiting_for=datetime.fromisoformat(last["windowEnd"]) if waits else None,
        pending_since=datetime.fromisoformat(pending["since"]) if pending else None,
        running=entry.get("state") == RetrainState.RUNNING,
    )


def view_retrains(body: Manifest) -> tuple[Retrain, ...]:
    """Return the retrains that a DriftMonitor's status keeps, whatever its spec is worth."""
    kept = body.get("status", {}).get("retrains", [])
    return tuple(Retrain.model_validate(item, extra="ignore") for item in kept)


def is_waiting(pod: PodView) -> bool:
    """Return whether a pod has a node, and its status does not tell what it waits for."""
    return pod.phase == "Pending" and not pod.unschedulable and pod.waiting_reason in UNTOLD


def newest_mount_failure(events: Sequence[Manifest]) -> str:
    """Return the note of a pod's newest Event where that is a FailedMount, else nothing.

    The kubelet tells of volumes nowhere else; once they are there, it goes on to pull the image.
    """
    newest = max(events, key=_last_seen, default={})
    return str(newest.get("note", "")) if newest.get("reason") == FAILED_MOUNT else ""


def _last_seen(event: Manifest) -> datetime:
    """Return when an Event happened last; the kubelet still fills the fields of the old API."""
    candidates = (
        event.get("series", {}).get("lastObservedTime"),
        event.get("deprecatedLastTimestamp"),
        event.get("eventTime"),
        event["metadata"]["creationTimestamp"],
    )
    return datetime.fromisoformat(next(stamp for stamp in candidates if stamp))


def _created(body: Manifest) -> datetime:
    return datetime.fromisoformat(body["metadata"]["creationTimestamp"])


def _condition(status: Manifest, kind: str) -> Manifest:
    found: list[Manifest] = [
        entry for entry in status.get("conditions", []) if entry["type"] == kind
    ]
    return found[0] if found else {}


def _unschedulable(status: Manifest) -> str:
    scheduled = _condition(status, "PodScheduled")
    if scheduled.get("status") == "False" and scheduled.get("reason") == "Unschedulable":
        return str(scheduled.get("message", ""))
    return ""


def _container_statuses(status: Manifest) -> list[Manifest]:
    return [*status.get("initContainerStatuses", []), *status.get("containerStatuses", [])]


def _termination(entry: Manifest) -> Manifest | None:
    """Return how the container ended: now, or before its last restart."""
    now = entry.get("state", {}).get("terminated")
    ended: Manifest | None = now or entry.get("lastState", {}).get("terminated")
    return ended


def _first(candidates: Sequence[Any]) -> Manifest:
    return next((found for found in candidates if found), {})
