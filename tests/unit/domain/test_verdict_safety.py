"""Whatever happens in whatever order, and wherever the operator dies: one decision, one run.

A DriftMonitor and its Pipeline are played through: windows that come, reconciles of both that die
before their status is written, runs that end well or badly, promotions, a person's words.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.decisions import monitor, monitored_world, window
from support.worlds import NOW, RELEASE, STORE, commit, failed, finished, ingested, model, version
from support.worlds import pipeline as pipeline_of
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.model import Model
from trimtab_operator.api.monitor_status import WINDOWS, EvaluatedWindow, RetrainState
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipeline import plan_pipeline
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.plan import Create, Delete, Plan, Record
from trimtab_stages.contract.audit import AuditAction

GUARDS = {"cooldownWindows": 1, "maxRunsPer30Days": 30, "failureBackoffSeconds": 60}


class Step(Enum):
    """Something that happens."""

    WINDOW = auto()
    MONITOR = auto()
    MONITOR_DIES = auto()
    PIPELINE = auto()
    PIPELINE_DIES = auto()
    RUN_PASSES = auto()
    RUN_FAILS = auto()
    REQUEST = auto()
    SUSPEND = auto()
    RESET = auto()
    DELETE = auto()


@dataclass
class World:
    """One loop and what became of it."""

    now: datetime = NOW
    windows: list[EvaluatedWindow] = field(default_factory=list)
    watching: dict[str, Any] = field(default_factory=dict)
    training: dict[str, Any] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    resets: dict[str, str] = field(default_factory=dict)
    suspend: bool = False
    champion: int = 0
    runs: list[PipelineRun] = field(default_factory=list)
    served: list[str] = field(default_factory=list)
    decided: list[str] = field(default_factory=list)

    def play(self, step: Step, number: int) -> None:
        """Let one thing happen; `number` makes it differ."""
        self.now += timedelta(seconds=60)
        match step:
            case Step.WINDOW:
                self._evaluate(bad=number % 3 > 0)
            case Step.MONITOR | Step.MONITOR_DIES:
                self.reconcile_monitor(write_status=step is Step.MONITOR)
            case Step.PIPELINE | Step.PIPELINE_DIES:
                self.reconcile_pipeline(write_status=step is Step.PIPELINE)
            case Step.RUN_PASSES:
                self._end(passes=True)
            case Step.RUN_FAILS:
                self._end(passes=False)
            case Step.REQUEST:
                self.annotations = {"trimtab.dev/run-requested": f"request-{number}"}
            case Step.SUSPEND:
                self.suspend = not self.suspend
            case Step.RESET:
                self.resets = {"trimtab.dev/reset-breaker": f"reset-{number}"}
            case Step.DELETE:
                # Once the Pipeline has seen a run, a person may delete it, and nothing comes back.
                self.reconcile_pipeline(write_status=True)
                self.runs = [run for run in self.runs if run.spec.trigger != "Verdict"]

    def reconcile_monitor(self, *, write_status: bool) -> Plan:
        """Decide and record as the operator does."""
        seen = monitored_world(model=self.model(), pipeline=self.pipeline(), runs=tuple(self.runs))
        plan = plan_driftmonitor(self.monitor(), seen, self.now)
        self.decided += [
            action.cause
            for action in plan.actions
            if isinstance(action, Record) and action.action is AuditAction.RETRAIN_DECIDED
        ]
        if write_status:
            self.watching = plan.status.to_wire()
        return plan

    def reconcile_pipeline(self, *, write_status: bool) -> Plan:
        """Plan and act as the operator does."""
        watched = self.monitor()
        seen = ObservedPipeline(
            RELEASE,
            STORE,
            ingested(),
            tuple(self.runs),
            (self.model(),),
            (watched,),
            champion_commit=commit(),
        )
        plan = plan_pipeline(self.pipeline(), seen, self.now)
        for action in plan.actions:
            if isinstance(action, Create):
                self._create(action.manifest)
            if isinstance(action, Delete):
                self.runs = [run for run in self.runs if run.metadata.name != action.name]
        if write_status:
            self.training = plan.status.to_wire()
        return plan

    def monitor(self) -> DriftMonitor:
        """Return the DriftMonitor as it is read: the monitor's fields and the operator's."""
        status = self.watching | {"evaluations": self.windows[-WINDOWS:]}
        spec: dict[str, Any] = {"guards": GUARDS, "suspend": self.suspend}
        return monitor(status=status, annotations=self.resets, **spec)

    def pipeline(self) -> Pipeline:
        """Return the Pipeline as it is read."""
        return pipeline_of(self.training, annotations=self.annotations, historyLimit=1)

    def model(self) -> Model:
        """Return the Model with its present champion."""
        return model({"champion": version(f"run-{self.champion}", self._digest())})

    def _digest(self) -> str:
        return f"sha256:{self.champion:064x}"

    def _evaluate(self, *, bad: bool) -> None:
        number = len(self.windows) + 1
        quality = "0.1" if bad else "0"
        self.windows.append(window(number, quality=quality, digest=self._digest()))

    def _end(self, *, passes: bool) -> None:
        """End the active run; one that passed is promoted at once."""
        for place, run in enumerate(self.runs):
            if not is_finished(run):
                self.champion += passes
                ended = finished(modelDigest=self._digest()) if passes else failed()
                status = ended | {"completionTime": self.now}
                body = {"metadata": run.metadata.to_wire(), "spec": run.spec.to_wire()}
                self.runs[place] = PipelineRun.model_validate(body | {"status": status})

    def _create(self, manifest: dict[str, Any]) -> None:
        metadata = manifest["metadata"]
        stamped = metadata | {"creationTimestamp": self.now, "uid": metadata["name"]}
        run = PipelineRun.model_validate({"metadata": stamped, "spec": manifest["spec"]})
        self.runs.append(run)
        self.served += [cause for cause in run.spec.causes if cause in self.decided]


LIKELY = [Step.WINDOW, Step.MONITOR, Step.PIPELINE, Step.RUN_PASSES, Step.RUN_FAILS] * 3
STEPS = st.lists(
    st.tuples(st.sampled_from([*LIKELY, *Step]), st.integers(1, 8)), min_size=20, max_size=60
)


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_no_decision_starts_two_runs_and_none_starts_what_was_not_decided(
    steps: list[tuple[Step, int]],
) -> None:
    world = World()
    for step, number in steps:
        world.play(step, number)

        assert len(world.served) == len(set(world.served))
        verdicts = [run.spec.causes[0] for run in world.runs if run.spec.trigger == "Verdict"]
        assert set(verdicts) <= set(world.decided)
        assert sum(not is_finished(run) for run in world.runs) <= 1


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_when_nothing_comes_any_more_nothing_is_pending_and_nothing_is_written(
    steps: list[tuple[Step, int]],
) -> None:
    world = World()
    for step, number in steps:
        world.play(step, number)
    world.suspend = False
    for _ in range(len(world.windows) + 4):
        for step in (Step.MONITOR, Step.PIPELINE, Step.RUN_PASSES):
            world.play(step, 0)

    status = world.monitor().status
    assert status.pending is None
    states = {item.state for item in status.retrains}
    assert states.isdisjoint({RetrainState.PENDING, RetrainState.RUNNING})
    newest = world.windows[-1].end if world.windows else None
    assert (status.decision.window_end if status.decision else None) == newest
    settled = world.reconcile_monitor(write_status=False)
    assert (settled.actions, settled.status) == ((), status)
    assert world.reconcile_pipeline(write_status=False).actions == ()


@settings(max_examples=12, deadline=None)
@given(STEPS)
def test_a_window_has_one_decision(steps: list[tuple[Step, int]]) -> None:
    world = World()
    told: dict[datetime, tuple[str, str]] = {}
    for step, number in steps:
        world.play(step, number)
        for decision in world.monitor().status.decisions:
            said = (decision.outcome.value, decision.trigger_id)
            assert told.setdefault(decision.window_end, said) == said
