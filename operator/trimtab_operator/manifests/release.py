"""What the operator's release brings to every pod, and what the cluster offers."""

from dataclasses import dataclass
from enum import StrEnum


class Launcher(StrEnum):
    """What forms the Ray cluster of a run."""

    JOB = "Job"
    """An Indexed Job of Kubernetes itself."""
    RAY_JOB = "RayJob"
    """KubeRay, where its API is in the cluster."""


@dataclass(frozen=True, slots=True)
class Release:
    """What the operator's release brings: images, the stage code's version, the launcher.

    Attributes:
        ingest_image: image of ingest pods.
        train_image: image of training pods.
        server_image: image of model servers.
        image_pull_policy: Always, IfNotPresent or Never.
        code_version: version of the stage code; part of every cache key.
        storage_secret: Secret that describes each namespace's store.
        launcher: what forms Ray clusters.
        ray_version: version of Ray in the training image; KubeRay needs it for token auth.
    """

    ingest_image: str
    train_image: str
    server_image: str
    image_pull_policy: str
    code_version: str
    storage_secret: str
    launcher: Launcher = Launcher.JOB
    ray_version: str = ""
