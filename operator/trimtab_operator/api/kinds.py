"""The kinds as the API server knows them: names, columns, subresources."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from trimtab_operator.api.base import API_VERSION, GROUP
from trimtab_operator.api.dataset import Dataset, DatasetSpec, DatasetStatus
from trimtab_operator.api.driftmonitor import DriftMonitor, DriftMonitorSpec
from trimtab_operator.api.model import Model, ModelSpec, ModelStatus
from trimtab_operator.api.monitor_status import MONITORS_FIELDS, DriftMonitorStatus
from trimtab_operator.api.pipeline import Pipeline, PipelineSpec, PipelineStatus
from trimtab_operator.api.pipelinerun import PipelineRun, PipelineRunSpec, PipelineRunStatus
from trimtab_stages.contract.base import StrictModel

TrimtabObject = Dataset | Pipeline | PipelineRun | Model | DriftMonitor


@dataclass(frozen=True, slots=True)
class Column:
    """A printer column of `kubectl get`."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True)
class Kind:
    """One custom resource.

    Attributes:
        foreign_status: paths below `status` that another field manager writes; the operator
            reads them, and neither compares nor applies them.
    """

    kind: str
    plural: str
    short_name: str
    description: str
    object_type: type[TrimtabObject]
    spec_type: type[StrictModel]
    status_type: type[StrictModel]
    columns: tuple[Column, ...]
    summary: str = "Ready"
    scale: tuple[tuple[str, str], ...] = ()
    foreign_status: tuple[tuple[str, ...], ...] = ()

    @property
    def crd_name(self) -> str:
        """Name of the CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"

    def parse(self, body: dict[str, Any]) -> TrimtabObject:
        """Return the typed object.

        Raises:
            pydantic.ValidationError: a field is wrong; the error names it.
        """
        known = {name: body[name] for name in ("metadata", "spec", "status") if name in body}
        # Read by itself only to leave out what it does not know; its faults are named below.
        with suppress(ValidationError):
            known |= {"status": self.parse_status(body)}
        return self.object_type.model_validate(known)

    def parse_status(self, body: dict[str, Any]) -> StrictModel:
        """Return the typed status, without the fields that a newer Trimtab has left there.

        Raises:
            pydantic.ValidationError: a field is wrong; the error names it.
        """
        return self.status_type.model_validate(body.get("status", {}), extra="ignore")


def _condition(kind: str, field: str) -> str:
    return f'.status.conditions[?(@.type=="{kind}")].{field}'


READY = Column("Ready", _condition("Ready", "status"))
STATUS = Column("Status", _condition("Ready", "reason"))
AGE = Column("Age", ".metadata.creationTimestamp", "date")

DATASET = Kind(
    kind="Dataset",
    plural="datasets",
    short_name="tds",
    description="A source and explicit ingestion rules; each state becomes an immutable snapshot.",
    object_type=Dataset,
    spec_type=DatasetSpec,
    status_type=DatasetStatus,
    columns=(
        READY,
        STATUS,
        Column("Rows", ".status.snapshot.rows", "integer"),
        Column("Quarantined", ".status.snapshot.quarantined", "integer"),
        Column("Snapshot", ".status.snapshot.digest", priority=1),
        AGE,
    ),
)
PIPELINE = Kind(
    kind="Pipeline",
    plural="pipelines",
    short_name="tpl",
    description="A training recipe on a Dataset, its gates and what may start it.",
    object_type=Pipeline,
    spec_type=PipelineSpec,
    status_type=PipelineStatus,
    columns=(
        READY,
        STATUS,
        Column("Last Run", ".status.lastRun.name"),
        Column("Outcome", ".status.lastRun.state"),
        Column("Next", ".status.nextScheduleTime", "date", priority=1),
        AGE,
    ),
)
PIPELINE_RUN = Kind(
    kind="PipelineRun",
    plural="pipelineruns",
    short_name="tpr",
    description="One execution of a Pipeline, written by the operator.",
    object_type=PipelineRun,
    spec_type=PipelineRunSpec,
    status_type=PipelineRunStatus,
    columns=(
        Column("Complete", _condition("Complete", "status")),
        Column("Status", _condition("Complete", "reason")),
        Column("Gates", _condition("GatesPassed", "reason")),
        Column("Stage", ".status.progress.stage"),
        Column("Attempts", ".status.attempts", "integer", priority=1),
        AGE,
    ),
    summary="Complete",
)
MODEL = Kind(
    kind="Model",
    plural="models",
    short_name="tmd",
    description="Serves the newest passed version of a Pipeline, or a user's own ONNX file.",
    object_type=Model,
    spec_type=ModelSpec,
    status_type=ModelStatus,
    columns=(
        READY,
        STATUS,
        Column("Champion", ".status.champion.run"),
        Column("Challenger", ".status.challenger.run"),
        Column("Replicas", ".status.readyReplicas", "integer"),
        Column("Digest", ".status.champion.digest", priority=1),
        Column("Rollout", ".status.rollout.message", priority=1),
        Column("URL", ".status.url", priority=1),
        AGE,
    ),
    scale=(
        ("specReplicasPath", ".spec.serving.replicas"),
        ("statusReplicasPath", ".status.replicas"),
        ("labelSelectorPath", ".status.selector"),
    ),
    foreign_status=(("rollout", "evidence"),),
)
DRIFT_MONITOR = Kind(
    kind="DriftMonitor",
    plural="driftmonitors",
    short_name="tdm",
    description="Watches a Model's traffic in event-time windows and decides what follows.",
    object_type=DriftMonitor,
    spec_type=DriftMonitorSpec,
    status_type=DriftMonitorStatus,
    columns=(
        Column("Mode", ".spec.mode"),
        READY,
        STATUS,
        Column("Drift?", _condition("Drifted", "status")),
        Column("Quality", '.status.signals[?(@.kind=="RealisedQuality")].value'),
        Column("Decision", ".status.decision.outcome"),
        Column("Why", ".status.decision.reason", priority=1),
        Column("EvaluatedThrough", ".status.evaluatedThrough"),
        AGE,
    ),
    foreign_status=MONITORS_FIELDS,
)
KINDS: tuple[Kind, ...] = (DATASET, PIPELINE, PIPELINE_RUN, MODEL, DRIFT_MONITOR)
BY_KIND = {kind.kind: kind for kind in KINDS}

__all__ = [
    "API_VERSION",
    "BY_KIND",
    "DATASET",
    "DRIFT_MONITOR",
    "KINDS",
    "MODEL",
    "PIPELINE",
    "PIPELINE_RUN",
    "Kind",
    "TrimtabObject",
]
