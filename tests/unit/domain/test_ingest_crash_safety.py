"""Wherever the operator dies: one decision, one ingest of captured rows.

A small world of one Dataset is played through: days that are evaluated, with faults or without,
decisions and what becomes of them, edits of pods, ingests that end, and reconciles that die before
their status is written.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.decided import CAPTURE, day, decided
from support.worlds import NOW, RELEASE, STORE, dataset, ingest_commit, job
from trimtab_operator.api.dataset import Dataset, DatasetStatus
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.domain.capture_plan import due_capture
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.identity import ingest_id
from trimtab_operator.domain.observed import ObservedDataset
from trimtab_operator.domain.plan import Create, Plan
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.run import IngestCommit, IngestSpec

KEPT = 12
"""Evaluations that a DriftMonitor keeps."""


class Step(Enum):
    """Something that happens."""

    RECONCILE = auto()
    DIE_BEFORE_STATUS = auto()
    END_INGEST = auto()
    EDIT_COMPUTE = auto()
    GOOD_DAY = auto()
    FAULTY_DAY = auto()
    DECIDE = auto()
    RUN_ENDS = auto()


@dataclass
class World:
    """One Dataset, who watches its Model, and what was ingested."""

    days: int = 0
    faulty: list[int] = field(default_factory=list)
    retrain: int | None = None
    memory: int = 1
    status: dict[str, Any] = field(default_factory=dict)
    told: dict[str, IngestSpec] = field(default_factory=dict)
    commits: dict[str, IngestCommit] = field(default_factory=dict)

    def play(self, step: Step) -> None:
        """Let one thing happen."""
        match step:
            case Step.RECONCILE:
                self.reconcile(write_status=True)
            case Step.DIE_BEFORE_STATUS:
                self.reconcile(write_status=False)
            case Step.END_INGEST:
                self.commits |= {name: committed(spec) for name, spec in self.told.items()}
            case Step.EDIT_COMPUTE:
                self.memory += 1
            case Step.GOOD_DAY:
                self.days += 1
            case Step.FAULTY_DAY:
                self.faulty.append(self.days)
                self.days += 1
            case Step.DECIDE:
                self.retrain = self.days - 1 if self.days else None
            case Step.RUN_ENDS:
                self.retrain = None

    def dataset(self) -> Dataset:
        """Return the Dataset as it is now."""
        return dataset(self.status, source=CAPTURE, compute={"memory": f"{self.memory}Gi"})

    def monitor(self) -> DriftMonitor:
        """Return the DriftMonitor: older evaluations are gone."""
        recent = [number for number in self.faulty if number >= self.days - KEPT]
        return decided(self.retrain, faults=recent)

    def reconcile(self, *, write_status: bool) -> Plan:
        """Plan and act as the operator does."""
        subject, monitors = self.dataset(), (self.monitor(),)
        due = ingest_id(subject, NOW, due_capture(subject, monitors))
        seen = ObservedDataset(
            RELEASE,
            STORE,
            job=job(name=due) if due in self.told else None,
            commit=self.commits.get(due),
            monitors=monitors,
        )
        plan = plan_dataset(subject, seen, NOW)
        for action in plan.actions:
            if isinstance(action, Create) and action.manifest["kind"] == "ConfigMap":
                self._start(IngestSpec.from_bytes(action.manifest["data"]["spec.json"].encode()))
        if write_status:
            self.status = plan.status.to_wire()
        return plan

    def _start(self, spec: IngestSpec) -> None:
        assert self.told.setdefault(spec.id, spec) == spec, "one id, one specification"

    def decided_ends(self) -> list[object]:
        """Return the ends of the windows that rows were ingested for, in order."""
        return [spec.capture.through for spec in self.told.values() if spec.capture is not None]


def committed(spec: IngestSpec) -> IngestCommit:
    """Return the commit of an ingest."""
    through = spec.capture.through if spec.capture else None
    commit = ingest_commit(spec.id, digest_of(spec.id))
    return commit.model_copy(update={"captured_through": through})


LIKELY = [Step.RECONCILE, Step.END_INGEST, Step.GOOD_DAY, Step.FAULTY_DAY, Step.DECIDE]
STEPS = st.lists(st.sampled_from([*LIKELY * 2, *Step]), min_size=15, max_size=60)


def settle(world: World) -> None:
    """Reconcile until nothing is at work."""
    for _ in range(4):
        world.play(Step.RECONCILE)
        world.play(Step.END_INGEST)
    world.play(Step.RECONCILE)


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_no_decision_is_ingested_twice(steps: list[Step]) -> None:
    world = World()
    for step in steps:
        world.play(step)
        ends = world.decided_ends()
        assert len(ends) == len(set(ends))
    settle(world)
    assert len(world.told) <= 1 + len(world.decided_ends())


@settings(max_examples=25, deadline=None)
@given(STEPS)
def test_the_newest_decision_is_ingested_in_the_end_without_any_faulty_day(
    steps: list[Step],
) -> None:
    world = World()
    for step in steps:
        world.play(step)
        # A day passes only when the operator has looked at the one before.
        world.play(Step.RECONCILE)
    settle(world)

    status = DatasetStatus.model_validate(world.status)
    assert status.snapshot is not None
    assert status.capture is not None
    assert status.snapshot.captured_through == status.capture.through
    if world.retrain is not None and status.capture.through is not None:
        assert status.capture.through >= day(world.retrain + 1)
    end = status.capture.through
    for number in world.faulty:
        if end is not None and day(number) < end:
            middle = day(number) + timedelta(hours=12)
            assert any(item.start <= middle < item.end for item in status.capture.excluded)
    again = world.reconcile(write_status=True)
    assert again.actions == ()
    assert again.status.to_wire() == status.to_wire()
