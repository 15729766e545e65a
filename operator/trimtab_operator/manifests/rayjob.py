"""A run as a KubeRay RayJob: the same container, specification and success truth as a Job's.

Created once and never changed: KubeRay validates again at every reconcile, and Kueue writes into
the pod templates. Source: ray-project/kuberay `ray-operator/apis/ray/v1/rayjob_types.go`.
"""

from dataclasses import replace

from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.manifests.meta import Manifest
from trimtab_operator.manifests.pod import Workload, build_pod_spec
from trimtab_operator.manifests.release import Release
from trimtab_operator.manifests.training import (
    build_run_config,
    build_run_metadata,
    build_run_workload,
)

API_VERSION = "ray.io/v1"
START_SECONDS = 1800
"""Time for the cluster to come up; a queue's waiting time is not part of it."""
KEEP_SECONDS = 600
"""How long a finished cluster's pods stay, for their logs."""


def build_ray_training(run: PipelineRun, release: Release) -> list[Manifest]:
    """Return the run's ConfigMap and its RayJob."""
    return [build_run_config(run), _build_ray_job(run, release)]


def _build_ray_job(run: PipelineRun, release: Release) -> Manifest:
    compute = run.spec.compute
    work = build_run_workload(run, release)
    return {
        "apiVersion": API_VERSION,
        "kind": "RayJob",
        "metadata": build_run_metadata(run),
        "spec": {
            "submissionMode": "K8sJobMode",
            # Ray refuses a second submission of one id: at most one driver of an attempt.
            "jobId": run.metadata.name,
            "entrypoint": " ".join(work.command),
            "backoffLimit": compute.max_attempts - 1,
            "submitterConfig": {"backoffLimit": 2},
            "activeDeadlineSeconds": compute.deadline_seconds,
            "preRunningDeadlineSeconds": min(START_SECONDS, compute.deadline_seconds),
            "shutdownAfterJobFinishes": True,
            "ttlSecondsAfterFinished": KEEP_SECONDS,
            "submitterPodTemplate": {"spec": _build_submitter(work)},
            "rayClusterSpec": _build_cluster(run, release, work),
        },
    }


def _build_cluster(run: PipelineRun, release: Release, work: Workload) -> Manifest:
    cluster: Manifest = {
        "rayVersion": release.ray_version,
        "authOptions": {"mode": "token"},
        "headGroupSpec": {
            "rayStartParams": {"dashboard-host": "0.0.0.0"},  # noqa: S104 - the submitter is another pod
            "template": _build_template(run, replace(work, name="ray-head")),
        },
    }
    workers = run.spec.compute.workers - 1
    if workers:
        cluster["workerGroupSpecs"] = [
            {
                "groupName": "workers",
                "replicas": workers,
                "minReplicas": workers,
                "maxReplicas": workers,
                "rayStartParams": {},
                "template": _build_template(run, replace(work, name="ray-worker")),
            }
        ]
    return cluster


def _build_template(run: PipelineRun, work: Workload) -> Manifest:
    labels = build_run_metadata(run)["labels"]
    return {"metadata": {"labels": labels}, "spec": _without_command(build_pod_spec(work))}


def _build_submitter(work: Workload) -> Manifest:
    """Return the pod that hands the driver to Ray; it needs neither devices nor memory."""
    small = replace(
        work, name="ray-job-submitter", cpu="200m", memory="512Mi", devices={}, shared_memory=""
    )
    return _without_command(build_pod_spec(small)) | {"restartPolicy": "Never"}


def _without_command(spec: Manifest) -> Manifest:
    """Return a pod's spec whose command is left to KubeRay."""
    (container,) = spec["containers"]
    kept = {key: value for key, value in container.items() if key != "command"}
    return spec | {"containers": [kept]}
