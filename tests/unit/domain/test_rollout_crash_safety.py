"""A rollout is played through while the operator dies anywhere: the end is the same, and safe.

The small world: a Model with pods that follow its serving plan one by one, runs that pass, evidence
and faults that come, an audit store that fails, a person who asks for rollbacks. What the operator
does is carried out action by action; a death leaves the rest undone and the status unwritten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from support.rollouts import PIPELINE, counts, deployed, evidence, made, passed, refuses, roles
from support.worlds import NOW, RELEASE, STORE, model, pod
from trimtab_operator.api.model import Model, ModelStatus
from trimtab_operator.domain.model import plan_model
from trimtab_operator.domain.observed import ObservedModel
from trimtab_operator.domain.plan import Action, Apply, Record
from trimtab_stages.contract.serving_plan import ServerState, ServingPlan, VersionState

LETTERS = "abcdef"
PODS = ("pod-0", "pod-1")


class Step(Enum):
    """Something that happens."""

    RECONCILE = auto()
    FOLLOW = auto()
    NEW_RUN = auto()
    GOOD_EVIDENCE = auto()
    BAD_EVIDENCE = auto()
    UNCLEAR_EVIDENCE = auto()
    FAULT = auto()
    WISH = auto()
    LOSE_AUDIT = auto()
    FIND_AUDIT = auto()
    WAIT = auto()


EVIDENCE = {
    Step.GOOD_EVIDENCE: evidence(900, 0.05),
    Step.BAD_EVIDENCE: evidence(900, -0.2),
    Step.UNCLEAR_EVIDENCE: evidence(5000, -0.02),
}


@dataclass
class World:
    """One Model and what became of it."""

    now: datetime = NOW
    runs: int = 1
    status: ModelStatus = field(default_factory=ModelStatus)
    plan: ServingPlan | None = None
    followed: dict[str, ServingPlan] = field(default_factory=dict)
    faulty: set[str] = field(default_factory=set)
    wish: str = ""
    audit: bool = True
    chain: list[Record] = field(default_factory=list)
    plans: list[str] = field(default_factory=list)

    def play(self, step: Step, number: int) -> None:
        """Let one thing happen."""
        if step in EVIDENCE:
            self.tell(EVIDENCE[step])
            return
        match step:
            case Step.RECONCILE:
                self.come_to_rest()
            case Step.FOLLOW:
                self.follow(PODS[number % 2])
            case Step.NEW_RUN:
                self.runs = min(self.runs + 1, len(LETTERS))
            case Step.FAULT:
                self.faulty.add(LETTERS[number % self.runs])
            case Step.WISH:
                self.wish = f"previous@{number}"
            case Step.LOSE_AUDIT | Step.FIND_AUDIT:
                self.audit = step is Step.FIND_AUDIT
            case _:
                self.now += timedelta(seconds=200 * number)

    def tell(self, found: dict[str, Any]) -> None:
        """Write evidence about the challenger, as the monitor does."""
        rollout, challenger = self.status.rollout, self.status.challenger
        if rollout is None or challenger is None:
            return
        told = {"evidence": found | {"digest": challenger.digest}}
        self.status = ModelStatus.model_validate(
            self.status.to_wire() | {"rollout": rollout.to_wire() | told}
        )

    def follow(self, name: str) -> None:
        """Let a pod take up the plan, unless that holds a version that it refuses."""
        if self.plan is not None and not self._refused(name, self.plan):
            self.followed[name] = self.plan

    def come_to_rest(self) -> None:
        """Look again, as the operator does, as long as a look changes something."""
        for _ in range(5):
            before = (self.status, self.plan, len(self.chain))
            self.reconcile()
            if (self.status, self.plan, len(self.chain)) == before:
                return

    def reconcile(self, dies_after: int | None = None) -> None:
        """Plan and act as the operator does; it may die after so many actions."""
        found = plan_model(self.model(), self.seen(), self.now)
        actions = found.actions if dies_after is None else found.actions[:dies_after]
        written = self._act(actions)
        if dies_after is None and written and isinstance(found.status, ModelStatus):
            self.status = found.status

    def model(self) -> Model:
        """Return the Model as it is now."""
        annotations = {"trimtab.dev/rollback": self.wish} if self.wish else {}
        subject = model(rollout={}, serving={"replicas": 2}, annotations=annotations)
        return subject.model_copy(update={"status": self.status})

    def seen(self) -> ObservedModel:
        """Return what the operator sees."""
        letters = LETTERS[: self.runs]
        return ObservedModel(
            release=RELEASE,
            storage=STORE,
            pipeline=PIPELINE,
            runs=tuple(passed(letter) for letter in letters),
            commits={f"bikes-{letter}": made(letter) for letter in letters},
            deployment=deployed(*(pod(name, ready=True) for name in PODS)),
            servers={name: self._said(name) for name in PODS},
        )

    def settle(self) -> None:
        """Let everything come to rest: all pods follow, the audit store answers, time passes."""
        self.audit = True
        for _ in range(12):
            self.reconcile()
            for name in PODS:
                self.follow(name)
            self.now += timedelta(seconds=300)

    def _act(self, actions: Sequence[Action]) -> bool:
        """Carry actions out; False where a record could not be written, which ends it."""
        for action in actions:
            if isinstance(action, Record):
                if not self.audit:
                    return False
                if (action.action, action.cause) not in {(r.action, r.cause) for r in self.chain}:
                    self.chain.append(action)
            if isinstance(action, Apply) and action.manifest["kind"] == "ConfigMap":
                self.plan = ServingPlan.model_validate_json(action.manifest["data"]["plan.json"])
                self.plans.append(roles(self.plan))
        return True

    def _refused(self, name: str, plan: ServingPlan) -> bool:
        here = [item for item in plan.versions if item.only_on in {None, name}]
        return any(item.shadow and item.digest[7] in self.faulty for item in here)

    def _said(self, name: str) -> ServerState:
        followed = self.followed.get(name)
        plan = self.plan or followed
        here = [item for item in plan.versions if item.only_on in {None, name}] if plan else []
        return ServerState(
            revision=followed.revision if followed is not None else "",
            ready=followed is not None,
            versions=[self._state(item.digest[7], shadow=item.shadow) for item in here],
        )

    def _state(self, letter: str, *, shadow: bool) -> VersionState:
        if letter not in self.faulty:
            return counts(letter, requests=900, shadow_requests=900)
        if shadow:
            return refuses(letter, "CrashedOnLoad")
        return counts(letter, requests=10, failed_requests=90)


TIMES = frozenset({"since", "time"})


def outcome(world: World) -> dict[str, Any]:
    """Return what remains of a world: status, plan and chain."""
    status = world.status
    wire = status.to_wire()
    kept = {name: wire.get(name) for name in ("champion", "challenger", "rollout", "history")}
    return {
        "status": untimed(kept | {"rejected": wire["rejected"], "unwritten": wire["unwritten"]}),
        "handled": status.last_handled_rollback,
        "plan": roles(world.plan),
        "chain": [(one.action, [item.digest for item in one.evidence]) for one in world.chain],
    }


def untimed(value: Any) -> Any:
    """Return a status without its times: a death costs some."""
    if isinstance(value, dict):
        return {name: untimed(one) for name, one in value.items() if name not in TIMES}
    return [untimed(one) for one in value] if isinstance(value, list) else value


LIKELY = [Step.RECONCILE, Step.FOLLOW, Step.FOLLOW] * 3
STEPS = st.lists(
    st.tuples(st.sampled_from([*LIKELY, *Step]), st.integers(1, 6)), min_size=15, max_size=40
)


@settings(max_examples=20, deadline=None)
@given(STEPS, st.lists(st.integers(0, 8), min_size=1, max_size=20))
def test_deaths_change_nothing_of_the_end(steps: list[tuple[Step, int]], deaths: list[int]) -> None:
    """Each look at the Model is preceded by looks that die after some actions."""
    calm, troubled = World(), World()
    for place, (step, number) in enumerate(steps):
        if step is Step.RECONCILE:
            troubled.reconcile(dies_after=deaths[place % len(deaths)])
        calm.play(step, number)
        troubled.play(step, number)
    calm.settle()
    troubled.settle()

    assert outcome(troubled) == outcome(calm)


@settings(max_examples=20, deadline=None)
@given(STEPS, st.lists(st.integers(0, 8), min_size=1, max_size=20))
def test_at_every_moment_a_known_champion_answers(
    steps: list[tuple[Step, int]], deaths: list[int]
) -> None:
    world = World()
    for place, (step, number) in enumerate(steps):
        if step is Step.RECONCILE and number % 2:
            world.reconcile(dies_after=deaths[place % len(deaths)])
        world.play(step, number)

        if world.plan is None:
            continue
        answering = [item for item in world.plan.versions if item.weight]
        assert [item.weight for item in answering] == [100]
        assert world.plan.versions[0] == answering[0]
        assert answering[0].digest in promoted_digests(world), "recorded before it answers"


def promoted_digests(world: World) -> set[str]:
    return {
        item.digest
        for record in world.chain
        if record.action == "Promoted"
        for item in record.evidence
        if item.name == "model"
    }


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_what_was_rolled_back_never_scores_again(steps: list[tuple[Step, int]]) -> None:
    world = World()
    for step, number in steps:
        world.play(step, number)
        rejected = {item.digest[7] for item in world.status.rejected}
        before = len(world.plans)
        world.come_to_rest()
        for plan in world.plans[before:]:
            assert not rejected & {one[0] for one in plan.split() if "shadow" in one}


@settings(max_examples=20, deadline=None)
@given(STEPS)
def test_every_rollback_is_recorded_in_the_end(steps: list[tuple[Step, int]]) -> None:
    world = World()
    for step, number in steps:
        world.play(step, number)
    world.settle()

    assert world.status.unwritten == []
    told = {
        item.digest
        for record in world.chain
        if record.action == "RolledBack"
        for item in record.evidence
    }
    assert {item.digest for item in world.status.rejected} <= told


def test_the_play_reaches_every_ending() -> None:
    """Otherwise the properties above would hold of a world in which nothing happens."""
    promoted, rolled_back, held, guarded = World(), World(), World(), World()
    for world in (promoted, rolled_back, held, guarded):
        world.settle()
        world.play(Step.NEW_RUN, 1)
        for _ in range(3):
            world.come_to_rest()
            world.follow("pod-0")
            world.follow("pod-1")
    for world, step in (
        (promoted, Step.GOOD_EVIDENCE),
        (rolled_back, Step.BAD_EVIDENCE),
        (held, Step.UNCLEAR_EVIDENCE),
        (guarded, Step.GOOD_EVIDENCE),
    ):
        world.play(step, 1)
        world.come_to_rest()
    guarded.play(Step.FAULT, 1)
    for world in (promoted, rolled_back, held, guarded):
        world.settle()

    ends = [roles(world.plan) for world in (promoted, rolled_back, held, guarded)]
    assert ends == ["b100", "a100", "a100 b-shadow", "a100"]
    assert "a100 b-shadow@pod-0" in promoted.plans
    assert "b100 a0" in promoted.plans
