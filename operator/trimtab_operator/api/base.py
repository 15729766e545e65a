"""Parts that several kinds share."""

from typing import Annotated, Any

from pydantic import Field

from trimtab_operator.api.conditions import Condition
from trimtab_stages.contract.base import ObjectName, StrictModel, UtcTime

GROUP = "trimtab.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"

LIST_MAP_BY_NAME: dict[str, Any] = {
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["name"],
}

Quantity = Annotated[
    str, Field(min_length=1, max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?(m|k|Ki|M|Mi|G|Gi|T|Ti)?$")
]
"""A Kubernetes quantity: 500m, 2, 4Gi."""

ImageName = Annotated[str, Field(min_length=1, max_length=512)]


class LocalRef(StrictModel):
    """A reference to an object of this namespace."""

    name: ObjectName
    """Name of the object."""


class Compute(StrictModel):
    """Pods of a stage. Every pod meets Pod Security `restricted`."""

    cpu: Quantity = "1"
    """CPU request and limit of each pod, cores. Default: 1."""
    memory: Quantity = "2Gi"
    """Memory request and limit of each pod, bytes. Default: 2Gi."""
    image: ImageName | None = None
    """Container image. Default: the one of the operator's release."""
    node_selector: (
        Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=16)] | None
    ) = None
    """Node labels that the pods need. Default: none."""
    deadline_seconds: Annotated[int, Field(ge=60, le=2_592_000)] = 86_400
    """Longest time for all attempts together, seconds. Default: 86400, one day."""
    max_attempts: Annotated[int, Field(ge=1, le=20)] = 4
    """Attempts before the work counts as failed; each continues where the last one was.
    Default: 4."""


class TrainingCompute(Compute):
    """Pods of a training run."""

    memory: Quantity = "4Gi"
    """Memory request and limit of each pod, bytes. Default: 4Gi."""
    gpus: Annotated[int, Field(ge=0, le=16)] = 0
    """GPUs of each pod. Default: 0."""
    gpu_resource: Annotated[str, Field(max_length=253)] = "nvidia.com/gpu"
    """Name of the GPU resource. Default: nvidia.com/gpu."""
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    """Pods of the Ray cluster. Default: 1, a single pod."""


class ObjectMeta(StrictModel):
    """The part of metav1.ObjectMeta that Trimtab reads. Everything else is left alone."""

    model_config = {"extra": "ignore"}

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name."""
    namespace: Annotated[str, Field(max_length=63)] = ""
    """Namespace."""
    uid: str = ""
    """Unique id, given by the API server."""
    generation: int = 0
    """Counts changes of the spec."""
    resource_version: str = ""
    """Changes with every write."""
    labels: dict[str, str] = {}
    """Labels."""
    annotations: dict[str, str] = {}
    """Annotations."""
    creation_timestamp: UtcTime | None = None
    """When it was created."""
    deletion_timestamp: UtcTime | None = None
    """When its deletion began."""


class Status(StrictModel):
    """Status fields that every kind has."""

    observed_generation: Annotated[int, Field(ge=-1)] = -1
    """Newest generation that the operator has acted on; -1 before the first time."""
    conditions: Annotated[
        list[Condition],
        Field(
            max_length=16,
            json_schema_extra={
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["type"],
            },
        ),
    ] = []
    """Conditions by type."""

    def condition(self, kind: str) -> Condition | None:
        """Return the condition of that type, or None."""
        return next((item for item in self.conditions if item.type == kind), None)
