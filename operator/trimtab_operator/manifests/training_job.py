"""A run as an Indexed Job that forms a Ray cluster of its own pods.

Index 0 is the head and walks the stages; the others join it. A single pod needs neither network
nor Service.
"""

from dataclasses import replace

from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.job import JobShape, build_job
from trimtab_operator.manifests.meta import Manifest
from trimtab_operator.manifests.release import Release
from trimtab_operator.manifests.training import (
    RAY_PORT,
    build_run_config,
    build_run_metadata,
    build_run_workload,
)


def build_training(run: PipelineRun, release: Release) -> list[Manifest]:
    """Return the run's ConfigMap, its headless Service where there are workers, and its Job."""
    compute, name = run.spec.compute, run.metadata.name
    shape = JobShape.of(compute, pods=compute.workers)
    work = build_run_workload(run, release)
    if compute.workers == 1:
        return [build_run_config(run), build_job(build_run_metadata(run), shape, work)]
    work = replace(work, environment=_build_cluster_environment(run))
    job = build_job(build_run_metadata(run), shape, work, subdomain=name)
    return [build_run_config(run), _build_head_service(run), job]


def _build_cluster_environment(run: PipelineRun) -> dict[str, str]:
    """Return what the pods need to find each other; the index comes from Kubernetes."""
    name = run.metadata.name
    return {
        "TRIMTAB_NODES": str(run.spec.compute.workers),
        "TRIMTAB_HEAD_ADDRESS": f"{name}-0.{name}:{RAY_PORT}",
    }


def _build_head_service(run: PipelineRun) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": build_run_metadata(run),
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": {labels.RUN: run.metadata.name},
            "ports": [{"name": "ray", "port": RAY_PORT, "protocol": "TCP", "targetPort": RAY_PORT}],
        },
    }
