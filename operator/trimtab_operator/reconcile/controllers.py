"""Which reads and which decision belong to each kind."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from trimtab_operator.api.kinds import (
    DATASET,
    DRIFT_MONITOR,
    MODEL,
    PIPELINE,
    PIPELINE_RUN,
    Kind,
)
from trimtab_operator.cluster.gather import Gatherer
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.model import plan_model
from trimtab_operator.domain.pipeline import plan_pipeline
from trimtab_operator.domain.pipelinerun import plan_pipelinerun
from trimtab_operator.domain.plan import Plan

Known = TypeVar("Known")
Observed = TypeVar("Observed")


@dataclass(frozen=True, slots=True)
class Controller(Generic[Known, Observed]):
    """Gather and plan of one kind."""

    kind: Kind
    gather: Callable[[Known, datetime], Awaitable[Observed]]
    plan: Callable[[Known, Observed, datetime], Plan]

    async def decide(self, known: Known, now: datetime) -> Plan:
        """Return what to do about an object."""
        return self.plan(known, await self.gather(known, now), now)


Controllers = Mapping[str, Controller[Any, Any]]


def build_controllers(gatherer: Gatherer) -> Controllers:
    """Return the controllers by kind."""
    controllers: tuple[Controller[Any, Any], ...] = (
        Controller(DATASET, gatherer.gather_dataset, plan_dataset),
        Controller(PIPELINE, gatherer.gather_pipeline, plan_pipeline),
        Controller(PIPELINE_RUN, gatherer.gather_pipeline_run, plan_pipelinerun),
        Controller(MODEL, gatherer.gather_model, plan_model),
        Controller(DRIFT_MONITOR, gatherer.gather_drift_monitor, plan_driftmonitor),
    )
    return {controller.kind.kind: controller for controller in controllers}
