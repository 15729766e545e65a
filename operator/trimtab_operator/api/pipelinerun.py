"""PipelineRun: one execution of a Pipeline. Written by the operator; its spec never changes."""

from typing import Annotated

from pydantic import Field

from trimtab_operator.api.base import ObjectMeta, Status, TrainingCompute
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import (
    DecimalString,
    Digest,
    ObjectName,
    StrictModel,
    UtcTime,
)
from trimtab_stages.contract.gates import GateResult
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import TriggerType


class Champion(StrictModel):
    """The serving version that a run's candidate is compared with."""

    digest: Digest
    """Digest of its ONNX file."""
    file: ArtifactRef
    """The ONNX file."""
    threshold: DecimalString | None = None
    """Its decision threshold. Default: none."""


class PipelineRunSpec(StrictModel):
    """Everything that the run depends on, copied when its cause came."""

    pipeline: ObjectName
    """Name of the Pipeline."""
    pipeline_uid: Annotated[str, Field(max_length=64)]
    """Its uid."""
    pipeline_generation: int
    """Its generation when the cause came."""
    trigger: TriggerType
    """NewSnapshot, Schedule, Request or Verdict."""
    trigger_id: Annotated[str, Field(max_length=128)]
    """Identity of the cause; the run's name is made of it."""
    causes: Annotated[list[Annotated[str, Field(max_length=128)]], Field(max_length=32)] = []
    """Identities of all causes that the run serves, `triggerId` first."""
    trigger_message: Annotated[str, Field(max_length=512)]
    """The cause in one sentence."""
    dataset: ObjectName
    """Name of the Dataset."""
    snapshot: Digest
    """Snapshot that the run is trained on."""
    manifest: ArtifactRef
    """Where its manifest lies."""
    champion: Champion | None = None
    """Version that served when the cause came. Default: none."""
    recipe: Recipe
    """Recipe of the Pipeline when the cause came."""
    compute: TrainingCompute
    """Pods of the run."""
    code_version: Annotated[str, Field(max_length=128)]
    """Version of the stage code."""


class RunProgress(StrictModel):
    """How far the run is."""

    stage: Annotated[str, Field(max_length=32)]
    """Stage at work."""
    done: int
    """Units done: epochs in training."""
    of: int
    """Units in total."""
    message: Annotated[str, Field(max_length=256)] = ""
    """Latest figures."""


class PipelineRunStatus(Status):
    """What the operator has seen of the run."""

    attempts: int = 0
    """Attempts started."""
    progress: RunProgress | None = None
    """How far the newest attempt is."""
    gates: Annotated[list[GateResult], Field(max_length=32)] = []
    """The operator's own judgement of the run's evidence."""
    commit_digest: Digest | None = None
    """Digest of `commit.json`."""
    model_digest: Digest | None = None
    """Digest of the exported ONNX file."""
    start_time: UtcTime | None = None
    """When the first attempt was started."""
    completion_time: UtcTime | None = None
    """When the run ended."""


class PipelineRun(StrictModel):
    """A PipelineRun object."""

    metadata: ObjectMeta
    """Metadata."""
    spec: PipelineRunSpec
    """Desired state."""
    status: PipelineRunStatus = Field(default_factory=PipelineRunStatus)
    """Observed state."""
