"""Plays weeks of windows through the plan of a DriftMonitor: what does its spec lead to?"""

import functools
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from support.decisions import REPORT, monitored_world
from support.specs import DIGEST
from support.worlds import NOW, failed, finished, run
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.monitor_status import WINDOWS, DriftMonitorStatus, EvaluatedWindow
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.fleet_brake import Fleet
from trimtab_operator.domain.observed import ObservedDriftMonitor
from trimtab_stages.contract.monitoring import Signal, SignalKind

STRETCH = 4
"""Windows in a row that show the same trouble."""
TROUBLES: tuple[dict[SignalKind, str], ...] = (
    {},
    {SignalKind.REALISED_QUALITY: "0.1"},
    {SignalKind.INPUT_DRIFT: "0.75"},
    {SignalKind.PREDICTION_DRIFT: "0.4"},
    {SignalKind.DATA_FAULT: "2"},
    {SignalKind.REALISED_QUALITY: "0.2"},
    {SignalKind.REALISED_QUALITY: "0.1"},
    {SignalKind.REALISED_QUALITY: "0.1"},
)


class Remembered:
    """Things that are made when somebody asks for them, once."""

    def __init__(self, made: Iterator[object]) -> None:
        self._made = made
        self._known: list[object] = []

    def __iter__(self) -> Iterator[object]:
        for place in itertools.count():
            if place == len(self._known):
                following = list(itertools.islice(self._made, 1))
                if not following:
                    return
                self._known += following
            yield self._known[place]


@functools.cache
def played(body: str, *, passes: bool) -> Remembered:
    """Return what a DriftMonitor in JSON decides for each window, and its conditions at the end.

    Who looks for a difference plays no further than to it.

    Args:
        body: the object.
        passes: whether its runs pass their gates.
    """
    return Remembered(Play(DriftMonitor.model_validate_json(body), passes).decisions())


@dataclass
class Play:
    """A DriftMonitor whose retrains all end in the same way, one window after they began.

    Attributes:
        monitor: as it is read.
        passes: whether its runs pass their gates.
        now: wall time; a window comes every `step`.
    """

    monitor: DriftMonitor
    passes: bool
    now: datetime = NOW
    step: timedelta = timedelta(seconds=200)
    runs: list[PipelineRun] = field(default_factory=list)

    def decisions(self) -> Iterator[object]:
        """Yield what is decided for each window, and what the conditions say at the end."""
        for number in range(STRETCH * len(TROUBLES)):
            self._evaluate(number)
            self._plan()
            decision = self.monitor.status.decision
            assert decision is not None
            yield decision.to_wire()
            self._run()
        yield {item.type: item.message for item in self.monitor.status.conditions}

    def _evaluate(self, number: int) -> None:
        spec = self.monitor.spec
        length = timedelta(seconds=spec.window.seconds)
        start = spec.window.anchor + number * length
        trouble = TROUBLES[number // STRETCH]
        window = EvaluatedWindow.model_validate(
            {
                "start": start,
                "end": start + length,
                "version": DIGEST,
                "rows": 1000,
                "report": REPORT,
                "signals": [_reading(signal, trouble) for signal in spec.signals],
            }
        )
        windows = [*self.monitor.status.evaluations, window][-WINDOWS:]
        self._write(self.monitor.status.model_copy(update={"evaluations": windows}))

    def _plan(self) -> None:
        plan = plan_driftmonitor(self.monitor, self._world(), self.now)
        assert isinstance(plan.status, DriftMonitorStatus)
        self._write(plan.status)
        self.now += self.step

    def _world(self) -> ObservedDriftMonitor:
        # Which features there are is for the manifests beside this one to say.
        return monitored_world(dataset=None, fleet=Fleet(1), runs=tuple(self.runs))

    def _run(self) -> None:
        pending = self.monitor.status.pending
        if pending is None:
            return
        ended: dict[str, Any] = finished() if self.passes else failed()
        status = ended | {"completionTime": self.now}
        name = f"bikes-{pending.trigger_id[:8]}"
        self.runs = [run(name, status, triggerId=pending.trigger_id)]

    def _write(self, status: DriftMonitorStatus) -> None:
        again = DriftMonitorStatus.model_validate(status.to_wire())
        self.monitor = self.monitor.model_copy(update={"status": again})


def _reading(signal: Signal, trouble: dict[SignalKind, str]) -> dict[str, Any]:
    value = trouble.get(signal.kind, "0")
    bounds = {"low": "0.02", "high": "0.3"} if value != "0" else {"low": "-0.1", "high": "0.1"}
    quality = signal.kind is SignalKind.REALISED_QUALITY
    found = {"name": signal.name, "state": "Measured", "value": value, "samples": 1000}
    return found | (bounds if quality else {})
