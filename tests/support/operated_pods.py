"""Real server processes as the pods of one Model, and the operator's decisions about them.

Each look at the Model reads what the processes say of the plan, decides as the operator does, and
hands them the plan that it would write.
"""

import contextlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from support.rollouts import applied, decide, deployed, evidence, made, passed, rolling
from support.serving import ServerProcess, ServingFolder, running_server
from support.steady_load import Client, steady_load
from support.waiting import wait_until
from support.worlds import NOW, RELEASE, STORE, finished, pipeline, pod, run
from trimtab_operator.api.model import Model, ModelStatus
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.gate_judgement import judge_commit
from trimtab_operator.domain.observed import ObservedModel, PodView
from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import GoldenRequest, NumericReference, ReferenceProfile
from trimtab_stages.store import Store

PODS = ("pod-0", "pod-1")
GOLDEN = GoldenRequest(numeric=[[0.0, 0.0]], scores=[[0.5]])
SECONDS = 90.0


def profile() -> ReferenceProfile:
    cells = {"edges": [0.0], "counts": [1, 1], "mean": 0.0, "std": 1.0}
    return ReferenceProfile(
        snapshot=f"sha256:{'0' * 64}",
        rows=2,
        numeric=[NumericReference.model_validate({"name": name} | cells) for name in ("a", "b")],
        score_counts=[1] * 50,
    )


@dataclass
class Pods:
    """Two server processes, the Model that they serve, and the runs that have passed.

    Attributes:
        folders: plan and files of each pod.
        stack: ends the processes.
        storage: names the bucket that all pods share; each has its own by default.
        spec: of the Model.
        servers: the processes.
        restarts: of each pod, so far.
        commits: of the runs, by letter.
        recipes: of the runs of the real stages, by letter.
        status: of the Model.
        plans: revisions of the plans that were written.
        clock: wall time.
    """

    folders: dict[str, ServingFolder]
    stack: ExitStack
    storage: Path | None = None
    spec: dict[str, Any] = field(default_factory=dict)
    servers: dict[str, ServerProcess] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PODS, 0))
    commits: dict[str, Commit] = field(default_factory=dict)
    recipes: dict[str, Recipe] = field(default_factory=dict)
    status: ModelStatus = field(default_factory=ModelStatus)
    plans: list[str] = field(default_factory=list)
    clock: Callable[[], datetime] = lambda: NOW

    def start(self, name: str) -> None:
        """Start a pod's process."""
        process = running_server(self.folders[name], {"HOSTNAME": name}, self.storage)
        self.servers[name] = self.stack.enter_context(process)

    def add_run(self, letter: str, graph: bytes, golden: GoldenRequest = GOLDEN) -> str:
        """Let run `bikes-<letter>` pass with a graph; returns the graph's digest."""
        folder = self.folders[PODS[0]]
        for other in self.folders.values():
            version = other.add(graph)
            stored = [other.add_stored(golden), other.add_stored(profile())]
        size = len(graph)
        artifact = made(letter).model.model_copy(
            update={
                "file": ArtifactRef(key=version.key, digest=version.digest, size=size),
                "golden": stored[0],
                "reference": stored[1],
                "features": [Feature(name="a"), Feature(name="b")],
            }
        )
        assert folder.store.exists(version.key)
        self.commits[letter] = made(letter).model_copy(update={"model": artifact})
        return version.digest

    def add_commit(self, letter: str, commit: Commit, recipe: Recipe, store: Store) -> str:
        """Let run `bikes-<letter>` end with a commit of the real stages; returns its digest."""
        self.recipes[letter] = recipe
        names = {"run": f"bikes-{letter}", "trigger_id": f"trigger-{letter}"}
        self.commits[letter] = commit.model_copy(update=names)
        store.put_if_absent(layout.run_commit(names["run"]), self.commits[letter].to_bytes())
        return commit.model.file.digest

    @property
    def model(self) -> Model:
        """The Model as the operator reads it."""
        spec = {"serving": {"replicas": 2}} | self.spec
        return rolling(**spec).model_copy(update={"status": self.status})

    def look(self) -> None:
        """Look at the Model once, as the operator does."""
        plan, self.status = decide(self.model, self.seen(), self.clock())
        found = applied(plan)
        if found is not None and (not self.plans or self.plans[-1] != found.revision):
            self.plans.append(found.revision)
            for folder in self.folders.values():
                folder.write_plan_bytes(found.to_bytes())

    def seen(self) -> ObservedModel:
        """Return what the operator sees: states of the processes that answer."""
        states = {name: server.state() for name, server in self.servers.items() if answers(server)}
        return ObservedModel(
            release=RELEASE,
            storage=STORE,
            pipeline=pipeline(),
            runs=tuple(
                ended(letter, commit, self.recipes.get(letter))
                for letter, commit in self.commits.items()
            ),
            commits={f"bikes-{letter}": commit for letter, commit in self.commits.items()},
            deployment=deployed(*map(self._pod, PODS)),
            servers=states,
        )

    def _pod(self, name: str) -> PodView:
        server = self.servers.get(name)
        ready = server is not None and answers(server) and server.state().ready
        return pod(name, ready=ready, restarts=self.restarts[name])

    def tell(self, difference: float) -> None:
        """Write evidence about the challenger, as the monitor does."""
        challenger = self.status.challenger
        assert challenger is not None
        self.write_evidence(evidence(900, difference) | {"digest": challenger.digest})

    def write_evidence(self, found: dict[str, Any]) -> None:
        """Write the monitor's part of the status."""
        rollout = self.status.rollout
        assert rollout is not None
        told = rollout.to_wire() | {"evidence": found}
        self.status = ModelStatus.model_validate(self.status.to_wire() | {"rollout": told})

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Look at the Model again and again until something holds."""

        def looked() -> bool:
            # A server that a test kills may die in the middle of an answer.
            with contextlib.suppress(ConnectionError):
                self.look()
            return holds()

        wait_until(looked, SECONDS, interval=0.2, what=what)

    def follow(self, *digests: str) -> bool:
        """Whether both pods follow the newest plan, and it is of these versions."""
        if not all(map(answers, self.servers.values())):
            return False
        states = [server.state() for server in self.servers.values()]
        return all(
            state.revision == self.plans[-1] and [v.digest for v in state.versions] == [*digests]
            for state in states
        )


def ended(letter: str, commit: Commit, recipe: Recipe | None) -> PipelineRun:
    """Return a run as the operator judges it by its commit."""
    digest = commit.model.file.digest
    if recipe is None:
        found = passed(letter)
        told = found.status.model_copy(update={"model_digest": digest})
        return found.model_copy(update={"status": told})
    judged = judge_commit(recipe.gates, commit).verdict
    status = finished(judged.status, judged.reason, modelDigest=digest)
    return run(f"bikes-{letter}", status, triggerId=f"trigger-{letter}", recipe=recipe.to_wire())


def answers(server: ServerProcess) -> bool:
    try:
        return server.process.poll() is None and server.send("GET", "/livez", admin=True).status > 0
    except OSError:
        return False


@contextmanager
def clients_of(pods: Pods, *names: str) -> Iterator[list[Client]]:
    """Send requests to pods all the time."""
    with ExitStack() as stack:
        running: list[Client] = []
        for name in names:
            load = steady_load(pods.servers[name], clients=1, model="bikes")
            running += stack.enter_context(load)
        yield running


def statuses(clients: list[Client]) -> set[int]:
    return {status for client in clients for status in client.statuses}
