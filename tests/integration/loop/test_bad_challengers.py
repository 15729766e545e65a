"""Challengers that must not answer: trained on corrupt labels, or worse on served rows alone.

Real rides, real training stages, two real server processes. Requests are sent through every step,
none is sent twice, and none may fail.
"""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from replay.faulty_feed import flip
from replay.learner import Fitted, Learner, Rows
from replay.player import Player
from replay.streams import Stream, bikes
from support.examples import example_pipeline
from support.operated_pods import PODS, Pods
from support.serving import ServingFolder
from trimtab_operator.api.rollout import RolloutState
from trimtab_operator.domain.gate_judgement import judge_commit
from trimtab_operator.monitor.rollout_evidence import PairedRows
from trimtab_operator.monitor.rollout_targets import find_rollouts
from trimtab_stages.contract.gates import Gate, Outcome
from trimtab_stages.contract.recipe import Recipe

pytestmark = pytest.mark.integration

MONTHS = 12
HOUR_NS = 3600 * 10**9
DAY_ROWS = 24
RECIPE = example_pipeline("bikes").spec.recipe()
LOOKS = 40
"""Looks of the operator at a Model that shall not change; requests are sent at each."""


@dataclass
class World:
    """Rides, what is trained on them, and the servers that answer.

    Attributes:
        learner: the real stages.
        pods: the servers.
        players: a client of each.
        days: rows that are asked next, a day at a time.
    """

    learner: Learner
    pods: Pods
    players: list[Player] = field(default_factory=list)
    days: Iterator[Rows] = field(default_factory=lambda: iter(()))

    def end_run(self, letter: str, fitted: Fitted, recipe: Recipe) -> str:
        """Let a run end with a model; returns the model's digest."""
        return self.pods.add_commit(letter, fitted.commit, recipe, self.learner.store)

    def serve(self, champion: Fitted, month: int) -> str:
        """Let the servers answer with a champion; rows of a month and later are asked then."""
        digest = self.end_run("a", champion, self.learner.recipe)
        for name in PODS:
            self.pods.start(name)
        self.pods.until(lambda: bool(self.pods.plans), "a plan is written")
        self.pods.until(lambda: self.pods.follow(digest), "the champion answers")
        stream = self.learner.stream
        rows = np.concatenate([stream.window(later) for later in range(month, stream.windows)])
        self.days = iter(np.split(rows, range(DAY_ROWS, len(rows), DAY_ROWS)))
        addresses = (f"127.0.0.1:{self.pods.servers[name].port}" for name in PODS)
        self.players = [Player(stream, "bikes", one, HOUR_NS) for one in addresses]
        return digest

    def ask(self) -> None:
        """Send a day of rows, and their labels, to each server."""
        for player, rows in zip(self.players, islice(self.days, len(PODS)), strict=True):
            player.send(rows)

    def answered_by(self) -> set[str]:
        """Return the versions that have answered."""
        found = [np.unique(player.played.version).tolist() for player in self.players]
        return {version for versions in found for version in versions if version}

    def failures(self) -> int:
        """Return how many requests have failed."""
        return sum(player.played.failed for player in self.players)


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return bikes(tmp_path_factory.mktemp("rides"), 22, MONTHS)


@pytest.fixture(scope="module")
def known(stream: Stream, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket in which the first model is trained already."""
    folder = ServingFolder(tmp_path_factory.mktemp("known"))
    work = tmp_path_factory.mktemp("work")
    Learner(stream, RECIPE, folder.store, work).fit(stream.before(0, memory=False))
    return folder.root / "data"


@pytest.fixture
def world(stream: Stream, known: Path, tmp_path: Path) -> Iterator[World]:
    shutil.copytree(known, tmp_path / "shared" / "data")
    shared = ServingFolder(tmp_path / "shared")
    folders = {name: ServingFolder(tmp_path / name) for name in PODS}
    capture = {"fraction": "1", "paneSeconds": 86_400, "flushSeconds": 1}
    with ExitStack() as stack:
        pods = Pods(folders, stack, shared.root / "storage", {"capture": capture})
        pods.clock = lambda: datetime.now(UTC)
        found = World(Learner(stream, RECIPE, shared.store, tmp_path), pods)
        yield found
        for player in found.players:
            player.close()


Corruption = Callable[[Stream], Rows]


def as_they_are(stream: Stream) -> Rows:
    return stream.truth


def four_in_ten_flipped(stream: Stream) -> Rows:
    return _since_served(stream, flip(stream.truth, 0.4, np.random.default_rng(5)))


def inverted(stream: Stream) -> Rows:
    return _since_served(stream, 1 - stream.truth)


def _since_served(stream: Stream, labels: Rows) -> Rows:
    """Return labels that are other ones for served rows; the file's are kept."""
    return np.where(stream.time_ns >= stream.edges_ns[0], labels, stream.truth)


def retrain(learner: Learner, champion: Fitted, corruption: Corruption) -> Fitted:
    """Retrain after three months on a year of rows, of which the newest tenth is tested on."""
    told = replace(learner.stream, truth=corruption(learner.stream))
    return replace(learner, stream=told).fit(learner.stream.before(3, memory=True), champion)


@pytest.mark.parametrize(
    ("corruption", "good_enough"),
    [
        pytest.param(as_they_are, Outcome.PASSED, id="labels as they are"),
        pytest.param(four_in_ten_flipped, Outcome.FAILED, id="four labels in ten flipped"),
        pytest.param(inverted, Outcome.FAILED, id="a season inverted"),
    ],
)
def test_the_gates_refuse_a_challenger_of_corrupt_labels(
    world: World, corruption: Corruption, good_enough: Outcome
) -> None:
    """The newest labels are corrupt too, so they judge champion and challenger alike.

    The comparison alone lets the challenger pass: it has learnt some of the corruption. What
    refuses it is that no model agrees with corrupt labels in as many rows as the absolute gate
    asks. Labels that are corrupt in whole could be learnt in whole: those the monitor names.
    """
    champion = world.learner.fit(world.learner.stream.before(0, memory=False))
    judged = judge_commit(RECIPE.gates, retrain(world.learner, champion, corruption).commit)

    outcomes = {result.name: result.outcome for result in judged.results}
    assert outcomes["good-enough"] is good_enough
    assert outcomes["not-worse"] is Outcome.PASSED
    assert judged.outcome is good_enough


def test_a_refused_challenger_never_scores_a_request(world: World) -> None:
    first = world.learner.fit(world.learner.stream.before(0, memory=False))
    champion = world.serve(first, month=3)
    refused = retrain(world.learner, first, four_in_ten_flipped)
    world.end_run("b", refused, RECIPE)
    for _ in range(LOOKS):
        world.ask()
        world.pods.look()

    assert len(world.pods.plans) == 1
    assert world.pods.status.challenger is None
    assert world.answered_by() == {champion[7:23]}
    assert world.failures() == 0


def test_a_challenger_that_is_worse_in_production_is_rolled_back(world: World) -> None:
    """Trained and tested on old rows, it is as good as the champion there."""
    stream = world.learner.stream
    first = world.learner.fit(stream.before(3, memory=True))
    champion = world.serve(first, month=3)
    lenient = replace(world.learner, recipe=with_margin("0.05"))
    worse = lenient.fit(stream.before(0, memory=False), first)
    assert judge_commit(lenient.recipe.gates, worse.commit).outcome is Outcome.PASSED
    challenger = world.end_run("b", worse, lenient.recipe)
    world.pods.until(lambda: world.pods.follow(champion, challenger), "the challenger scores")

    gather = evidence_of(world)
    world.pods.until(lambda: gather() and world.pods.status.challenger is None, "it is taken back")
    world.pods.until(lambda: world.pods.follow(champion), "both pods follow")
    world.ask()

    rollout = world.pods.status.rollout
    assert rollout is not None
    assert rollout.state is RolloutState.ROLLED_BACK
    assert "BalancedAccuracy of challenger - champion -0." in rollout.message
    assert [item.digest for item in world.pods.status.rejected] == [challenger]
    assert world.answered_by() == {champion[7:23]}
    assert world.failures() == 0


def with_margin(margin: str) -> Recipe:
    """Return the recipe with another margin to the champion."""
    gates = [
        Gate.model_validate(gate.to_wire() | ({"margin": margin} if gate.margin else {}))
        for gate in RECIPE.gates
    ]
    return RECIPE.model_copy(update={"gates": gates})


def evidence_of(world: World) -> Callable[[], bool]:
    """Return what sends requests and then, while there is a rollout, does the monitor's part."""
    rows: list[PairedRows] = []

    def gather() -> bool:
        world.ask()
        model = world.pods.model
        metadata = {"namespace": "demo", "name": "bikes", "uid": "u"}
        body = {"metadata": metadata, "spec": model.spec.to_wire()}
        for target in find_rollouts([body | {"status": model.status.to_wire()}]):
            rows[:] = rows or [PairedRows(target)]
            found = rows[0].gather(world.learner.store, target, datetime.now(UTC))
            assert found is not None
            world.pods.write_evidence(found)
        return True

    return gather
