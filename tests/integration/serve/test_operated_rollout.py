"""The operator's decisions about two real server processes: what clients and pods live through.

The processes are the pods of one Model. Each look at it reads what they say of the plan, decides as
the operator does, and hands both the plan that it would write. Clients send requests all the time.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from support import graphs
from support.rollouts import applied, decide, deployed, evidence, made, passed, rolling
from support.serving import ServerProcess, ServingFolder, running_server
from support.steady_load import Client, steady_load
from support.waiting import wait_until
from support.worlds import NOW, RELEASE, STORE, pipeline, pod
from trimtab_operator.api.model import ModelStatus
from trimtab_operator.domain.observed import ObservedModel, PodView
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import GoldenRequest, NumericReference, ReferenceProfile

pytestmark = pytest.mark.integration

PODS = ("pod-0", "pod-1")
WEIGHTS = np.array([[1.0], [-1.0]], np.float32)
A, B = graphs.linear_scores(WEIGHTS), graphs.linear_scores(2 * WEIGHTS)
SLOW_TO_LOAD = graphs.perceptron((2, 3000, 3000, 2))
GOLDEN = GoldenRequest(numeric=[[0.0, 0.0]], scores=[[0.5]])
FLAT_GOLDEN = GoldenRequest(numeric=[[0.0, 0.0]], scores=[[0.5, 0.5]])
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
    """Two server processes, the Model that they serve, and the runs that have passed."""

    folders: dict[str, ServingFolder]
    stack: ExitStack
    servers: dict[str, ServerProcess] = field(default_factory=dict)
    restarts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PODS, 0))
    commits: dict[str, Commit] = field(default_factory=dict)
    status: ModelStatus = field(default_factory=ModelStatus)
    plans: list[str] = field(default_factory=list)

    def start(self, name: str) -> None:
        """Start a pod's process."""
        process = running_server(self.folders[name], {"HOSTNAME": name})
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

    def look(self) -> None:
        """Look at the Model once, as the operator does."""
        subject = rolling(serving={"replicas": 2}).model_copy(update={"status": self.status})
        plan, self.status = decide(subject, self.seen(), NOW)
        found = applied(plan)
        if found is not None and (not self.plans or self.plans[-1] != found.revision):
            self.plans.append(found.revision)
            for folder in self.folders.values():
                folder.write_plan_bytes(found.to_bytes())

    def seen(self) -> ObservedModel:
        """Return what the operator sees: states of the processes that answer."""
        states = {name: server.state() for name, server in self.servers.items() if answers(server)}
        runs = []
        for letter, commit in self.commits.items():
            run = passed(letter)
            told = run.status.model_copy(update={"model_digest": commit.model.file.digest})
            runs.append(run.model_copy(update={"status": told}))
        return ObservedModel(
            release=RELEASE,
            storage=STORE,
            pipeline=pipeline(),
            runs=tuple(runs),
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
        rollout, challenger = self.status.rollout, self.status.challenger
        assert rollout is not None
        assert challenger is not None
        told = rollout.to_wire() | {
            "evidence": evidence(900, difference) | {"digest": challenger.digest}
        }
        self.status = ModelStatus.model_validate(self.status.to_wire() | {"rollout": told})

    def until(self, holds: Callable[[], bool], what: str) -> None:
        """Look at the Model again and again until something holds."""

        def looked() -> bool:
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


def answers(server: ServerProcess) -> bool:
    try:
        return server.process.poll() is None and server.send("GET", "/livez", admin=True).status > 0
    except OSError:
        return False


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[Pods]:
    """Two running pods whose Model serves A."""
    folders = {name: ServingFolder(tmp_path / name) for name in PODS}
    with ExitStack() as stack:
        found = Pods(folders, stack)
        for name in PODS:
            found.start(name)
        first = found.add_run("a", A)
        found.until(lambda: bool(found.plans) and found.follow(first), "the first version answers")
        yield found


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


def test_evidence_promotes_and_faults_bring_back_without_a_lost_request(pods: Pods) -> None:
    first = pods.status.champion
    assert first is not None
    with clients_of(pods, *PODS) as clients:
        second = pods.add_run("b", B)
        pods.until(lambda: pods.follow(first.digest, second), "the challenger scores")
        pods.until(partial(scored, pods, second), "requests are scored in both pods")
        pods.tell(0.05)
        pods.until(lambda: pods.follow(second, first.digest), "the challenger answers")
        wait_until(lambda: all(second[7:23] in one.versions for one in clients), SECONDS)

        pods.restarts["pod-1"] += 2
        pods.until(lambda: pods.follow(first.digest), "the former version answers")
        for client in clients:
            client.versions.clear()
        wait_until(lambda: all(one.versions for one in clients), SECONDS)
        assert {name for one in clients for name in one.versions} == {first.digest[7:23]}

    assert statuses(clients) == {200}
    assert [item.digest for item in pods.status.rejected] == [second]


def scored(pods: Pods, digest: str) -> bool:
    states = [state for server in pods.servers.values() for state in server.state().versions]
    counts = [item.counts for item in states if item.digest == digest]
    return all(one is not None and one.shadow_requests >= 20 for one in counts)


def test_a_version_that_kills_the_process_costs_one_pod_one_restart(pods: Pods) -> None:
    first = pods.status.champion
    assert first is not None
    killer = pods.add_run("b", SLOW_TO_LOAD, FLAT_GOLDEN)
    marks = {name: mark_of(folder, killer) for name, folder in pods.folders.items()}
    with clients_of(pods, "pod-1") as clients:
        pods.until(marks["pod-0"].exists, "the first pod loads it")
        os.kill(pods.servers["pod-0"].process.pid, signal.SIGSEGV)
        assert pods.servers["pod-0"].process.wait(30) == -signal.SIGSEGV
        pods.restarts["pod-0"] += 1
        pods.start("pod-0")
        pods.until(lambda: pods.status.challenger is None, "it is taken back")
        pods.until(lambda: pods.follow(first.digest), "both pods follow")

    assert statuses(clients) == {200}
    assert [item.digest for item in pods.status.rejected] == [killer]
    rollout = pods.status.rollout
    assert rollout is not None
    assert "ended an earlier server process" in rollout.message
    assert "loaded " + killer not in pods.servers["pod-1"].log.read_text()
    assert not marks["pod-1"].exists()


def mark_of(folder: ServingFolder, digest: str) -> Path:
    return folder.root / "state" / "loading" / digest.removeprefix("sha256:")
