"""The operator's decisions about two real server processes: what clients and pods live through.

Clients send requests all the time.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from support import graphs
from support.leaving import leave
from support.operated_pods import PODS, SECONDS, Pods, clients_of, statuses
from support.serving import ServingFolder
from support.steady_load import Client, body_of
from support.waiting import wait_until
from trimtab_stages.contract.serving_plan import GoldenRequest

pytestmark = pytest.mark.integration

WEIGHTS = np.array([[1.0], [-1.0]], np.float32)
A, B = graphs.linear_scores(WEIGHTS), graphs.linear_scores(2 * WEIGHTS)
# On a fast machine eight layers take half a millisecond, which is just not noticed.
SLOW, FAILING = graphs.slow_scores(1000, 64), graphs.failing_scores()
SLOW_TO_LOAD = graphs.perceptron((2, 3000, 3000, 2))
SPINNING = graphs.spinning_scores()
"""As fast as the others where the first feature is small."""
BRITTLE = graphs.brittle_scores(1.0)
PATH = "/v2/models/bikes/infer"
FAILED = 4
"""Enough for a judgement of so few requests."""
FLAT_GOLDEN = GoldenRequest(numeric=[[0.0, 0.0]], scores=[[0.5, 0.5]])


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


@pytest.mark.parametrize(
    ("graph", "values", "words"),
    [
        pytest.param(SPINNING, [9000, 0], "`maxLatencyRatio` allows 2", id="slow"),
        pytest.param(BRITTLE, [0, 1], "`maxErrorRate` allows 1.00%", id="failing"),
        pytest.param(FAILING, [1, 0], "`maxErrorRate` allows 1.00%", id="refusing"),
    ],
)
def test_a_champion_that_turns_bad_is_taken_back_and_no_request_fails(
    pods: Pods, graph: bytes, values: list[float], words: str
) -> None:
    first = pods.status.champion
    assert first is not None
    with clients_of(pods, *PODS) as clients:
        change_values(clients, [0, 0])
        second = pods.add_run("b", graph)
        pods.until(partial(scored, pods, second), "requests are scored in both pods")
        pods.tell(0.05)
        pods.until(lambda: pods.follow(second, first.digest), "the challenger answers")
        change_values(clients, values)
        pods.until(lambda: pods.follow(first.digest), "the former version answers")

    assert statuses(clients) == {200}
    assert [item.digest for item in pods.status.rejected] == [second]
    rollout = pods.status.rollout
    assert rollout is not None
    assert words in rollout.message


def test_a_champion_that_hangs_is_taken_back_for_clients_that_have_no_time_left(
    pods: Pods,
) -> None:
    first = pods.status.champion
    assert first is not None
    second = pods.add_run("b", SPINNING)
    pods.until(lambda: is_asked(pods) and scored(pods, second), "requests are scored in both pods")
    pods.tell(0.05)
    pods.until(lambda: pods.follow(second, first.digest), "the challenger answers")
    hard, pod = body_of([500_000, 0]), pods.servers["pod-0"]
    assert pod.send("POST", PATH, hard).status == 200, "what holds the loop sees nobody go"
    for _ in range(FAILED):
        leave(pod, PATH, hard)
    pods.until(lambda: pods.follow(first.digest), "the former version answers")

    assert is_asked(pods), "it does not wait for the other's runs"
    rollout = pods.status.rollout
    assert rollout is not None
    assert "`maxErrorRate` allows 1.00%" in rollout.message


def is_asked(pods: Pods) -> bool:
    """Return whether both pods answer an easy request."""
    easy = body_of([0, 0])
    return all(server.send("POST", PATH, easy).status == 200 for server in pods.servers.values())


def change_values(clients: list[Client], values: list[float]) -> None:
    """Let clients go on with other values."""
    for client in clients:
        client.body = body_of(values)


def scored(pods: Pods, digest: str) -> bool:
    states = [state for server in pods.servers.values() for state in server.state().versions]
    counts = [item.counts for item in states if item.digest == digest]
    return all(one is not None and one.shadow_requests >= 20 for one in counts)


@pytest.mark.parametrize(
    ("graph", "words"),
    [
        pytest.param(SLOW, "`maxLatencyRatio` allows 2", id="slow"),
        pytest.param(FAILING, "`maxErrorRate` allows 1.00%", id="failing"),
    ],
)
def test_a_challenger_that_is_slow_or_fails_is_taken_back_and_answers_nobody(
    pods: Pods, graph: bytes, words: str
) -> None:
    first = pods.status.champion
    assert first is not None
    with clients_of(pods, *PODS) as clients:
        challenger = pods.add_run("b", graph)
        pods.until(lambda: bool(pods.status.rejected), "it is taken back")
        pods.until(lambda: pods.follow(first.digest), "both pods follow")
    assert statuses(clients) == {200}
    assert {name for one in clients for name in one.versions} == {first.digest[7:23]}
    assert [item.digest for item in pods.status.rejected] == [challenger]
    rollout = pods.status.rollout
    assert rollout is not None
    assert words in rollout.message


def test_a_version_that_kills_the_process_costs_one_pod_one_restart(pods: Pods) -> None:
    first = pods.status.champion
    assert first is not None
    killer = pods.add_run("b", SLOW_TO_LOAD, FLAT_GOLDEN)
    marks = {name: mark_of(folder, killer) for name, folder in pods.folders.items()}
    with clients_of(pods, "pod-1") as clients:
        process = pods.servers["pod-0"].process
        with killed_at(marks["pod-0"], process.pid):
            pods.until(lambda: process.poll() is not None, "the first pod dies as it loads it")
        assert process.returncode == -signal.SIGSEGV
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


@contextmanager
def killed_at(mark: Path, pid: int) -> Iterator[None]:
    """Kill a process as soon as a mark is there, which it is for a moment only."""

    def kill() -> None:
        wait_until(mark.exists, SECONDS, interval=0.005, what="the mark of a load")
        os.kill(pid, signal.SIGSEGV)

    thread = threading.Thread(target=kill)
    thread.start()
    yield
    thread.join()


def mark_of(folder: ServingFolder, digest: str) -> Path:
    return folder.root / "state" / "loading" / digest.removeprefix("sha256:")
