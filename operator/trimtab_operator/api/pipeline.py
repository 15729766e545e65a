"""Pipeline: a training recipe on a Dataset, its gates and what may start it."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_operator.api.base import LocalRef, ObjectMeta, Status, TrainingCompute
from trimtab_stages.contract.base import Digest, StrictModel, UtcTime
from trimtab_stages.contract.recipe import Recipe


class AutomaticTrigger(StrEnum):
    """What may start a run without a person."""

    NEW_SNAPSHOT = "NewSnapshot"
    """The Dataset has a snapshot that this recipe has not been run on."""
    SCHEDULE = "Schedule"
    """A cron time has come."""
    VERDICT = "Verdict"
    """A DriftMonitor of the Model that serves this Pipeline decided to retrain it."""


class Trigger(StrictModel):
    """One cause of runs. A person can always ask by the annotation `trimtab.dev/run-requested`."""

    type: AutomaticTrigger
    """NewSnapshot, Schedule or Verdict."""
    cron: Annotated[str, Field(min_length=9, max_length=128)] | None = None
    """For Schedule: five cron fields, minute first. Default: none."""
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    """For Schedule: IANA time zone of the cron fields. Default: UTC."""

    @model_validator(mode="after")
    def _cron_fits_the_type(self) -> Self:
        if (self.type is AutomaticTrigger.SCHEDULE) != (self.cron is not None):
            raise ValueError("`cron` must be set for type Schedule, and for it alone")
        return self


class PipelineSpec(Recipe):
    """Recipe, data, compute and triggers. Runs are named from their cause: one cause, one run."""

    dataset_ref: LocalRef
    """Dataset of this namespace that runs are trained on."""
    compute: TrainingCompute = Field(default_factory=TrainingCompute)
    """Pods of a run."""
    triggers: Annotated[list[Trigger], Field(max_length=8)] = [
        Trigger(type=AutomaticTrigger.NEW_SNAPSHOT),
        Trigger(type=AutomaticTrigger.VERDICT),
    ]
    """What may start a run. Default: a new snapshot, an edited recipe, or the decision of
    a DriftMonitor."""
    history_limit: Annotated[int, Field(ge=1, le=100)] = 10
    """Finished PipelineRuns that are kept. Default: 10."""
    suspend: bool = False
    """Start no runs; a running one goes on. Default: false."""

    def recipe(self) -> Recipe:
        """Return the recipe alone."""
        names = set(Recipe.model_fields)
        return Recipe.model_validate(self.model_dump(include=names))


class LastRun(StrictModel):
    """The newest run."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the PipelineRun."""
    state: Annotated[str, Field(max_length=64)]
    """Reason of its summary: Running, Passed, GatesFailed, Inconclusive, or why it failed."""
    snapshot: Digest
    """Snapshot it was trained on."""
    start_time: UtcTime
    """When it was created."""


class PipelineStatus(Status):
    """What the operator has seen of the Pipeline."""

    last_run: LastRun | None = None
    """Newest run."""
    next_schedule_time: UtcTime | None = None
    """Next cron time."""
    last_schedule_time: UtcTime | None = None
    """Last cron time that was acted on."""
    last_handled_run_request: Annotated[str, Field(max_length=256)] | None = None
    """Value of the annotation `trimtab.dev/run-requested` that was last acted on."""
    handled_verdicts: Annotated[
        list[Annotated[str, Field(max_length=128)]], Field(max_length=16)
    ] = []
    """Newest decisions of DriftMonitors that a run was started for, newest last."""


class Pipeline(StrictModel):
    """A Pipeline object."""

    metadata: ObjectMeta
    """Metadata."""
    spec: PipelineSpec
    """Desired state."""
    status: PipelineStatus = Field(default_factory=PipelineStatus)
    """Observed state."""
