"""A DriftMonitor with its world while it is decided on, step by step."""

from dataclasses import dataclass, replace
from datetime import datetime

from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.observed import ObservedDriftMonitor
from trimtab_operator.domain.plan import Action


@dataclass(frozen=True, slots=True)
class MonitorScene:
    """A DriftMonitor, its world, the time, and what the steps so far have changed.

    Attributes:
        monitor: as it was read.
        seen: its world.
        now: wall time.
        status: its status after the steps so far.
        actions: of the steps so far.
    """

    monitor: DriftMonitor
    seen: ObservedDriftMonitor
    now: datetime
    status: DriftMonitorStatus
    actions: tuple[Action, ...] = ()

    @property
    def name(self) -> str:
        """Name of the DriftMonitor."""
        return self.monitor.metadata.name

    @property
    def runs(self) -> tuple[PipelineRun, ...]:
        """Runs of this very Pipeline: one of the same name may have left some behind."""
        pipeline = self.seen.pipeline
        uid = pipeline.metadata.uid if pipeline is not None else None
        return tuple(run for run in self.seen.runs if run.spec.pipeline_uid == uid)

    @property
    def champion(self) -> str | None:
        """Digest of the version that serves."""
        model = self.seen.model
        champion = model.status.champion if model is not None else None
        return champion.digest if champion is not None else None

    def after(self, *actions: Action, **update: object) -> "MonitorScene":
        """Return the scene after a step: more actions, some status fields changed."""
        status = self.status.model_copy(update=update)
        return replace(self, status=status, actions=(*self.actions, *actions))

    def annotation(self, name: str) -> str:
        """Return an annotation's value, empty where it is absent."""
        return self.monitor.metadata.annotations.get(name, "")
