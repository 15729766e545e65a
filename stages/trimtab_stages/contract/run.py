"""Invocations and commits: what a pod is told to do, and the only truth that it did it."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import Digest, ObjectName, StoredModel, StrictModel, UtcTime
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.gates import Estimate, Evidence, GateResult, Outcome
from trimtab_stages.contract.ingest import IngestRules, Source
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.recipe import Recipe

Identifier = Annotated[str, Field(min_length=1, max_length=128)]


class IngestSpec(StoredModel):
    """What an ingest pod is told."""

    id: Identifier
    """Identity of this ingest; the same cause has the same id."""
    dataset: ObjectName
    """Name of the Dataset."""
    source: Source
    """Where raw rows come from."""
    rules: IngestRules
    """How they become a snapshot."""
    capture: CapturePlan | None = None
    """Captured rows that are added; none for the file alone."""
    code_version: Identifier
    """Version of the stage code."""


class IngestCommit(StoredModel):
    """Written once when an ingest is complete."""

    id: Identifier
    """Identity of the ingest."""
    dataset: ObjectName
    """Name of the Dataset."""
    snapshot: Digest
    """Digest of the snapshot."""
    manifest: ArtifactRef
    """The snapshot's manifest."""
    rows: int
    """Rows in the splits."""
    rows_quarantined: int = 0
    """Rows in quarantine."""
    newest_row: UtcTime
    """Event time of the newest row."""
    captured_rows: int = 0
    """Captured rows among them."""
    captured_through: UtcTime | None = None
    """Captured rows before this time were considered; none where none were asked for."""
    timestamps_trusted: bool = True
    """Whether no time rule had to correct the order or zone of stamps."""
    message: str = ""
    """One sentence for people."""


class TriggerType(StrEnum):
    """What started a run."""

    NEW_SNAPSHOT = "NewSnapshot"
    """The Dataset has a snapshot that no run has used with this recipe."""
    SCHEDULE = "Schedule"
    """A cron time has come."""
    REQUEST = "Request"
    """A person asked by annotation."""
    VERDICT = "Verdict"
    """A DriftMonitor decided, or a person accepted what it suggested."""


class ChampionRef(StrictModel):
    """The serving version that a challenger is compared with."""

    digest: Digest
    """Digest of its ONNX file."""
    file: ArtifactRef
    """The ONNX file."""
    threshold: float | None = None
    """Its decision threshold."""


class RunSpec(StoredModel):
    """What a training pod is told. Immutable; identical for every attempt."""

    run: ObjectName
    """Name of the PipelineRun."""
    pipeline: ObjectName
    """Name of the Pipeline."""
    trigger: TriggerType
    """What started the run."""
    trigger_id: Identifier
    """Identity of the cause."""
    snapshot: Digest
    """Digest of the snapshot."""
    manifest: ArtifactRef
    """The snapshot's manifest."""
    champion: ChampionRef | None = None
    """Serving version at the start of the run."""
    recipe: Recipe
    """How to train, judge and export."""
    code_version: Identifier
    """Version of the stage code; part of every cache key."""


class StageName(StrEnum):
    """Stages of a run, in order. What is evaluated is an exported graph, run as it is served.

    Refit takes part only where the recipe's `training.refitOnAll` is set.
    """

    PREPROCESS = "preprocess"
    TRAIN = "train"
    REFIT = "refit"
    EXPORT = "export"
    EVALUATE = "evaluate"


class StageResult(StoredModel):
    """Result of one stage, stored under its cache key; a stage with a stored result is not run."""

    stage: StageName
    """Which stage."""
    key: Digest
    """Cache key: digest of code version, parameters and input digests."""
    outputs: dict[str, ArtifactRef] = {}
    """Artefacts by name."""
    numbers: dict[str, float] = {}
    """Scalar results."""
    seconds: float = 0.0
    """Time spent when it was really run."""


class StageUse(StrictModel):
    """How a run came by a stage's result."""

    result: StageResult
    """The result."""
    cached: bool
    """True where an earlier run's result was used."""


class ConfusionMatrix(StrictModel):
    """Counts on the test split at the chosen threshold; rows are true classes."""

    classes: list[str]
    """Class names in index order."""
    counts: list[list[int]]
    """counts[i][j]: rows of class i decided as j."""


class ModelArtifact(StrictModel):
    """The exported model and what a server must know of it."""

    file: ArtifactRef
    """The ONNX file; its digest is the version's identity."""
    threshold: float | None = None
    """Decision threshold on the score; none for more than two classes."""
    classes: list[str]
    """Class names in index order."""
    features: list[Feature]
    """Inputs in tensor order."""
    golden: ArtifactRef
    """Golden request with the expected scores."""
    reference: ArtifactRef
    """Reference profile of the training snapshot."""


class Commit(StoredModel):
    """`commit.json`: the only success truth of a run. Written once, last."""

    run: ObjectName
    """Name of the run."""
    trigger_id: Identifier
    """Identity of the cause."""
    snapshot: Digest
    """Digest of the snapshot."""
    stages: list[StageUse]
    """Results of all stages, in order."""
    evidence: Evidence
    """What the gates looked at."""
    gates: list[GateResult]
    """The pod's own judgement; the operator judges again from the evidence."""
    outcome: Outcome
    """Overall outcome of the gates."""
    estimates: list[Estimate] = []
    """Metrics on the test split."""
    confusion: ConfusionMatrix
    """Confusion matrix on the test split."""
    model: ModelArtifact
    """The exported model."""
    judged: ArtifactRef | None = None
    """The ONNX file that evidence, estimates and confusion are of, where it is not the model's:
    with `training.refitOnAll`, the graph before the refit."""
    report: ArtifactRef | None = None
    """Run report, one HTML page."""


class Termination(StrictModel):
    """A pod's last words, in its termination message (at most 4 KiB)."""

    reason: StageReason
    """Why it ended."""
    message: Annotated[str, Field(max_length=2048)]
    """Cause, object and next step."""
    retryable: bool = False
    """Whether another attempt may succeed without a change by a person."""


class Progress(StoredModel):
    """How far an attempt is; written once per unit under the attempt's prefix."""

    stage: StageName
    """Stage that is running."""
    done: int
    """Units done (epochs in training)."""
    of: int
    """Units in total."""
    numbers: dict[str, float] = {}
    """Latest figures."""
