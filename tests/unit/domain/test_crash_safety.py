"""Whatever happens in whatever order, and wherever the operator dies: one cause, one run.

A small world of one Pipeline is played through: edits, snapshots, requests, passing time, runs that
end, and reconciles that die before their status is written.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.worlds import NOW, RELEASE, STORE, finished, ingested, pipeline
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipeline import plan_pipeline
from trimtab_operator.domain.pipelinerun import is_finished
from trimtab_operator.domain.plan import Create, Delete, Plan

SPEC: dict[str, Any] = {
    "triggers": [{"type": "NewSnapshot"}, {"type": "Schedule", "cron": "0 */6 * * *"}],
    "historyLimit": 2,
}


class Step(Enum):
    """Something that happens."""

    RECONCILE = auto()
    DIE_BEFORE_STATUS = auto()
    END_RUN = auto()
    EDIT_RECIPE = auto()
    EDIT_COMPUTE = auto()
    NEW_SNAPSHOT = auto()
    REQUEST = auto()
    WAIT = auto()


@dataclass
class World:
    """One Pipeline and what became of it."""

    now: datetime = NOW
    spec: dict[str, Any] = field(default_factory=lambda: dict(SPEC))
    annotations: dict[str, str] = field(default_factory=dict)
    snapshot: int = 0
    status: dict[str, Any] = field(default_factory=dict)
    runs: list[PipelineRun] = field(default_factory=list)
    created: list[str] = field(default_factory=list)

    def play(self, step: Step, number: int) -> None:
        """Let one thing happen; `number` makes edits differ."""
        match step:
            case Step.RECONCILE:
                self.reconcile(write_status=True)
            case Step.DIE_BEFORE_STATUS:
                self.reconcile(write_status=False)
            case Step.END_RUN:
                self.runs = [_ended(run) for run in self.runs]
            case Step.EDIT_RECIPE:
                self.spec["training"] = {"epochs": 1 + number % 3}
            case Step.EDIT_COMPUTE:
                self.spec["compute"] = {"memory": f"{1 + number}Gi"}
            case Step.NEW_SNAPSHOT:
                self.snapshot = number % 3
            case Step.REQUEST:
                self.annotations = {"trimtab.dev/run-requested": f"request-{number}"}
            case Step.WAIT:
                self.now += timedelta(hours=number)

    def reconcile(self, *, write_status: bool) -> Plan:
        """Plan and act as the operator does."""
        subject = self.pipeline()
        seen = ObservedPipeline(RELEASE, STORE, self.dataset(), tuple(self.runs))
        plan = plan_pipeline(subject, seen, self.now)
        for action in plan.actions:
            if isinstance(action, Create):
                self._create(action.manifest)
            if isinstance(action, Delete):
                self.runs = [run for run in self.runs if run.metadata.name != action.name]
        if write_status:
            self.status = plan.status.to_wire()
        return plan

    def pipeline(self) -> Pipeline:
        """Return the Pipeline as it is now."""
        return pipeline(self.status, annotations=self.annotations, **self.spec)

    def dataset(self) -> Dataset:
        """Return the Dataset with its newest snapshot."""
        return ingested(f"sha256:{self.snapshot:064x}")

    def _create(self, manifest: dict[str, Any]) -> None:
        metadata = manifest["metadata"]
        self.created.append(metadata["name"])
        stamped = metadata | {"creationTimestamp": self.now, "uid": metadata["name"]}
        body = {"metadata": stamped, "spec": manifest["spec"]}
        self.runs.append(PipelineRun.model_validate(body))


def _ended(run: PipelineRun) -> PipelineRun:
    if is_finished(run):
        return run
    body = {"metadata": run.metadata.to_wire(), "spec": run.spec.to_wire(), "status": finished()}
    return PipelineRun.model_validate(body)


LIKELY = [Step.RECONCILE, Step.END_RUN] * 3
STEPS = st.lists(
    st.tuples(st.sampled_from([*LIKELY, *Step]), st.integers(1, 8)), min_size=15, max_size=30
)


@settings(max_examples=25)
@given(STEPS)
def test_no_cause_starts_two_runs_and_no_two_runs_are_active(steps: list[tuple[Step, int]]) -> None:
    world = World()
    for step, number in steps:
        world.play(step, number)

        assert len(world.created) == len(set(world.created))
        assert sum(not is_finished(run) for run in world.runs) <= 1


@settings(max_examples=15)
@given(STEPS)
def test_when_nothing_changes_any_more_the_newest_run_is_of_the_newest_world(
    steps: list[tuple[Step, int]],
) -> None:
    world = World()
    for step, number in steps:
        world.play(step, number)
    for _ in range(4):
        world.reconcile(write_status=True)
        world.play(Step.END_RUN, 0)

    newest = world.runs[-1]
    assert newest.spec.recipe == world.pipeline().spec.recipe()
    snapshot = world.dataset().status.snapshot
    assert snapshot is not None
    assert newest.spec.snapshot == snapshot.digest
    assert world.reconcile(write_status=True).actions == ()


@settings(max_examples=8)
@given(STEPS, st.integers(1, 8))
def test_edited_pods_start_nothing(steps: list[tuple[Step, int]], number: int) -> None:
    world = World()
    for step, count in steps:
        world.play(step, count)
    for _ in range(4):
        world.reconcile(write_status=True)
        world.play(Step.END_RUN, 0)
    before = len(world.created)

    world.play(Step.EDIT_COMPUTE, number)
    world.reconcile(write_status=True)

    assert len(world.created) == before
