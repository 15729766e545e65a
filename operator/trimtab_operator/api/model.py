"""Model: serves the newest passed version of a Pipeline, or a user's own ONNX file."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_operator.api.base import ImageName, LocalRef, ObjectMeta, Quantity, Status
from trimtab_operator.api.rollout import (
    RejectedVersion,
    Rollout,
    RolloutStatus,
    UnwrittenRecord,
)
from trimtab_stages.contract.artifact import StoreKey
from trimtab_stages.contract.base import DecimalString, Digest, StrictModel, UtcTime
from trimtab_stages.contract.ingest import Uri


class OnnxSource(StrictModel):
    """A user's own ONNX file."""

    uri: Uri
    """Key of the file in the namespace's bucket, for example `raw/model.onnx`."""
    digest: Digest
    """SHA-256 of the file, `sha256:<hex>` as `sha256sum` prints it; another file is refused."""
    threshold: DecimalString | None = None
    """Decision threshold on the first score. Default: none, no decision is added."""


class Serving(StrictModel):
    """Pods of the server."""

    replicas: Annotated[int, Field(ge=0, le=100)] = 1
    """Pods. Default: 1. `kubectl scale model/x` sets it."""
    cpu: Quantity = "500m"
    """CPU request and limit of each pod, cores. Default: 500m."""
    memory: Quantity = "512Mi"
    """Memory request and limit of each pod, bytes. Default: 512Mi."""
    image: ImageName | None = None
    """Container image. Default: the one of the operator's release."""
    node_selector: (
        Annotated[dict[str, Annotated[str, Field(max_length=63)]], Field(max_length=16)] | None
    ) = None
    """Node labels that the pods need. Default: none."""


class Capture(StrictModel):
    """What is kept of served traffic."""

    fraction: DecimalString = Field(default="0.1", validate_default=True)
    """Share of rows kept whole, 0..1, chosen by a hash of the inference id. Default: 0.1."""
    pane_seconds: Annotated[int, Field(ge=1, le=86_400)] = 300
    """Length of the event-time buckets that statistics are kept in, seconds. Default: 300."""
    flush_seconds: Annotated[int, Field(ge=1, le=3600)] = 10
    """Longest time that statistics wait in a pod, seconds; a dead pod loses at most so much.
    Default: 10."""


class ModelSpec(StrictModel):
    """What is served and how."""

    pipeline_ref: LocalRef | None = None
    """Pipeline of this namespace whose passed runs are served. Default: none."""
    onnx: OnnxSource | None = None
    """A user's own ONNX file, served without any Pipeline. Default: none."""
    serving: Serving = Field(default_factory=Serving)
    """Pods of the server."""
    capture: Capture = Field(default_factory=Capture)
    """What is kept of served traffic."""
    rollout: Rollout | None = None
    """How a version that passed its gates becomes champion: in the shadow of the present one, by
    the labels that come back. Default: none, it becomes champion at once."""
    suspend: bool = False
    """Emergency stop: no pod serves while it is set. Default: false."""

    @model_validator(mode="after")
    def _one_origin(self) -> Self:
        if (self.pipeline_ref is None) == (self.onnx is None):
            raise ValueError("one of `pipelineRef` and `onnx` must be set, not both")
        if self.rollout is not None and self.pipeline_ref is None:
            raise ValueError(
                "`rollout` belongs to `pipelineRef`: a file that you name serves at once"
            )
        return self


class Version(StrictModel):
    """A version that serves, has served or shall serve."""

    digest: Digest
    """Digest of its ONNX file."""
    key: StoreKey
    """Where the file lies."""
    run: Annotated[str, Field(max_length=63)] | None = None
    """PipelineRun that made it; none for a user's own file."""
    snapshot: Digest | None = None
    """Snapshot it was trained on."""
    since: UtcTime
    """When it became champion, or challenger."""


class ModelStatus(Status):
    """What the operator has seen of the Model."""

    champion: Version | None = None
    """Version that answers."""
    history: Annotated[list[Version], Field(max_length=10)] = []
    """Former champions, newest first."""
    challenger: Version | None = None
    """Version that scores the champion's requests and may take its place."""
    rollout: RolloutStatus | None = None
    """The current or the last rollout."""
    rejected: Annotated[list[RejectedVersion], Field(max_length=20)] = []
    """Versions that were rolled back, newest first; they are not tried again."""
    last_handled_rollback: Annotated[str, Field(max_length=256)] = ""
    """Value of the annotation `trimtab.dev/rollback` that was acted on."""
    unwritten: Annotated[list[UnwrittenRecord], Field(max_length=32)] = []
    """Audit records of rollbacks, until they are written."""
    plan_revision: Annotated[str, Field(max_length=71)] | None = None
    """Revision of the serving plan that all ready pods follow."""
    replicas: int = 0
    """Pods."""
    ready_replicas: int = 0
    """Pods that answer with the newest plan."""
    selector: Annotated[str, Field(max_length=512)] = ""
    """Label selector of the pods, for `/scale`."""
    url: Annotated[str, Field(max_length=512)] | None = None
    """Address of the Open Inference Protocol in the cluster."""


class Model(StrictModel):
    """A Model object."""

    metadata: ObjectMeta
    """Metadata."""
    spec: ModelSpec
    """Desired state."""
    status: ModelStatus = Field(default_factory=ModelStatus)
    """Observed state."""
