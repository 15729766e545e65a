"""The one shape of Job: every index is retried on its own, final failures end it at once.

Exit codes are the stages' own: 3 ends the Job, everything else counts as an attempt. A pod that
was evicted or drained counts as none. A pod is replaced only when it has ended.
"""

from dataclasses import dataclass

from trimtab_operator.api.base import Compute
from trimtab_operator.manifests.meta import Manifest
from trimtab_operator.manifests.pod import Workload, build_pod_spec

FINAL_EXIT_CODE = 3
"""Another attempt would fail as well; the termination message says why."""


@dataclass(frozen=True, slots=True)
class JobShape:
    """How many pods, how often and how long.

    Attributes:
        pods: completions and parallelism.
        attempts: attempts of each index.
        deadline_seconds: time for all attempts together.
    """

    pods: int
    attempts: int
    deadline_seconds: int

    @classmethod
    def of(cls, compute: Compute, pods: int = 1) -> "JobShape":
        """Return the shape that a stage's compute settings ask for."""
        return cls(pods, compute.max_attempts, compute.deadline_seconds)


def build_job(metadata: Manifest, shape: JobShape, work: Workload, subdomain: str = "") -> Manifest:
    """Return an Indexed Job. Never changed after its creation: pod templates of Jobs are fixed."""
    pod_spec = build_pod_spec(work) | {"restartPolicy": "Never"}
    if subdomain:
        pod_spec["subdomain"] = subdomain
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": metadata,
        "spec": {
            "completionMode": "Indexed",
            "completions": shape.pods,
            "parallelism": shape.pods,
            "backoffLimitPerIndex": shape.attempts - 1,
            "maxFailedIndexes": 0,
            "activeDeadlineSeconds": shape.deadline_seconds,
            "podReplacementPolicy": "Failed",
            "podFailurePolicy": _build_failure_policy(work.name),
            "template": {"metadata": {"labels": metadata["labels"]}, "spec": pod_spec},
        },
    }


def _build_failure_policy(container: str) -> Manifest:
    final = {"containerName": container, "operator": "In", "values": [FINAL_EXIT_CODE]}
    disrupted = [{"type": "DisruptionTarget", "status": "True"}]
    return {
        "rules": [
            {"action": "FailJob", "onExitCodes": final},
            {"action": "Ignore", "onPodConditions": disrupted},
        ]
    }
