"""Following the plan: loads, refusals in words, swaps under load, crash markers, shutdown."""

import http.client
import signal
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import pytest

from support import graphs
from support.serving import ServerProcess, ServingFolder, running_server
from support.waiting import wait_until
from trimtab_stages.contract.reasons import ServingReason
from trimtab_stages.contract.serving_plan import GoldenRequest, PlanVersion, VersionState

pytestmark = pytest.mark.integration

WEIGHTS = np.array([[1.0], [-1.0]], np.float32)
CHAMPION = graphs.linear_scores(WEIGHTS)
CHALLENGER = graphs.linear_scores(-WEIGHTS)
REQUEST = {
    "inputs": [{"name": "features", "shape": [1, 2], "datatype": "FP32", "data": [1.0, 2.0]}]
}
FEATURES = [{"name": "a"}, {"name": "b"}]
GOLDEN = GoldenRequest(numeric=[[0.0, 0.0]], scores=[[0.5]])


def state_of(server: ServerProcess, version: PlanVersion) -> VersionState | None:
    """Return a version's state once it is decided."""
    for state in server.state().versions:
        if state.digest == version.digest and state.reason is not ServingReason.LOADING:
            return state
    return None


def is_refused(server: ServerProcess, version: PlanVersion, reason: ServingReason) -> bool:
    state = state_of(server, version)
    return state is not None and state.reason is reason


def decided(server: ServerProcess, version: PlanVersion) -> VersionState:
    found = wait_until(lambda: state_of(server, version), 60.0, what="version decided")
    assert found is not None
    return found


def test_without_a_plan_the_server_lives_and_is_not_ready(folder: ServingFolder) -> None:
    with running_server(folder) as server:
        wait_until(lambda: answers(server, "/livez"), 30.0, what="live")

        assert server.send("GET", "/v2/health/live").status == 200
        assert server.send("GET", "/v2/health/ready").status == 503
        assert server.send("GET", "/readyz", admin=True).status == 503
        assert server.infer(REQUEST).status == 503
        assert "cannot be read" in server.state().message

        plan = folder.write_plan([folder.add(CHAMPION)])
        server.wait_following(plan)
        assert server.send("GET", "/v2/health/ready").status == 200
        assert server.state().message == ""


def answers(server: ServerProcess, path: str) -> bool:
    try:
        return server.send("GET", path, admin=True).status == 200
    except OSError:
        return False


def faulty_versions(folder: ServingFolder) -> dict[str, tuple[PlanVersion, ServingReason, str]]:
    honest = folder.add(CHALLENGER, weight=0)
    other = folder.add(graphs.linear_scores(2 * WEIGHTS), weight=0)
    wrong_scores = GOLDEN.model_copy(update={"scores": [[0.9]]})
    return {
        "digest": (
            honest.model_copy(update={"key": other.key}),
            ServingReason.DIGEST_MISMATCH,
            f"{other.key} has digest {other.digest}, the plan names {honest.digest}",
        ),
        "missing": (
            honest.model_copy(update={"key": "blobs/none"}),
            ServingReason.MODEL_MISSING,
            "blobs/none",
        ),
        "inputs": (
            folder.add(CHALLENGER, weight=0, features=[*FEATURES, {"name": "c"}]),
            ServingReason.WRONG_INPUTS,
            "takes 2 columns in `features`, the plan declares 3",
        ),
        "garbage": (
            folder.add(b"garbage", weight=0),
            ServingReason.INVALID_MODEL,
            "cannot load the file",
        ),
        "golden": (
            folder.add(
                CHALLENGER, weight=0, features=FEATURES, golden=folder.add_stored(wrong_scores)
            ),
            ServingReason.GOLDEN_REQUEST_FAILED,
            "scores differ by up to 0.4",
        ),
    }


def test_faulty_versions_are_refused_by_name_while_the_champion_answers(
    folder: ServingFolder,
) -> None:
    champion = folder.add(CHAMPION, features=FEATURES, golden=folder.add_stored(GOLDEN))
    plan = folder.write_plan([champion])
    with running_server(folder) as server:
        server.wait_following(plan)
        for name, (version, reason, fragment) in faulty_versions(folder).items():
            folder.write_plan([champion, version])
            wait_until(partial(is_refused, server, version, reason), 60.0, what=name)
            state = decided(server, version)

            assert fragment in state.message, name
            assert server.state().revision == plan.revision, "the former plan stays in force"
            assert server.infer(REQUEST).status == 200
            assert server.send("GET", "/readyz", admin=True).status == 200


def test_a_restarted_server_answers_although_the_challenger_is_refused(
    folder: ServingFolder,
) -> None:
    champion = folder.add(CHAMPION, weight=90)
    folder.write_plan([champion, folder.add(b"garbage", weight=10)])
    with running_server(folder) as server:
        server.wait_ready()

        assert server.state().revision == "", "not followed as a whole"
        statuses = {server.infer(REQUEST | {"id": str(n)}).status for n in range(40)}
        assert statuses == {200}


def test_an_unreadable_plan_is_reported_and_the_former_one_stays(folder: ServingFolder) -> None:
    plan = folder.write_plan([folder.add(CHAMPION)])
    with running_server(folder) as server:
        server.wait_following(plan)
        for data, fragment in (
            (b"{", "not JSON"),
            (b'{"schemaVersion": 99}', "schemaVersion 99"),
            (b'{"model": "m", "versions": []}', "invalid at `versions`"),
        ):
            folder.write_plan_bytes(data)
            wait_until(partial(is_reported, server, fragment), 10.0, what=fragment)
            assert server.state().revision == plan.revision
            assert server.infer(REQUEST).status == 200


def is_reported(server: ServerProcess, fragment: str) -> bool:
    return fragment in server.state().message


def test_a_new_threshold_needs_no_load(folder: ServingFolder) -> None:
    version = folder.add(CHAMPION, threshold=0.9)
    with running_server(folder) as server:
        for threshold, decision in ((0.9, 0), (0.1, 1)):
            changed = version.model_copy(update={"threshold": threshold})
            server.wait_following(folder.write_plan([changed]))
            assert server.infer(REQUEST).document["outputs"][1]["data"] == [decision]
        assert server.log.read_text().count("loaded sha256") == 1


@dataclass
class Load:
    """Clients that send requests until they are stopped."""

    server: ServerProcess
    statuses: dict[int, int] = field(default_factory=dict)
    versions: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=20)
        body = b'{"inputs":[{"name":"features","shape":[1,2],"datatype":"FP32","data":[1,2]}]}'
        while not self.stopped.is_set():
            connection.request("POST", "/v2/models/m/infer", body)
            answer = connection.getresponse()
            text = answer.read()
            self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
            if answer.status == 200:
                self.versions.add(text.split(b'"model_version":"')[1][:16].decode())
        connection.close()


def test_swaps_under_load_lose_no_request(folder: ServingFolder) -> None:
    first, second = folder.add(CHAMPION), folder.add(CHALLENGER)
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([first]))
        loads = [Load(server) for _ in range(3)]
        threads = [threading.Thread(target=load.run) for load in loads]
        for thread in threads:
            thread.start()
        for champion in (second, first, second):
            server.wait_following(folder.write_plan([champion]))
        for load in loads:
            load.stopped.set()
        for thread in threads:
            thread.join()

    assert {status for load in loads for status in load.statuses} == {200}
    assert set.union(*(load.versions for load in loads)) == {
        first.digest[7:23],
        second.digest[7:23],
    }


def test_a_graph_that_drops_rows_is_served_and_harms_nothing(folder: ServingFolder) -> None:
    version = folder.add(graphs.positives(), threshold=0.5)
    request = {"inputs": [{"name": "x", "shape": [3], "datatype": "FP32", "data": [1, -1, 0.2]}]}
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([version]))
        first = server.infer(request)
        wait_until(partial(is_logged, server, "cannot be observed"), 20.0, what="folded")
        second = server.infer(request)

    for reply in (first, second):
        data = {output["name"]: output["data"] for output in reply.document["outputs"]}
        assert data == {"score": [1.0, 0.2], "decision": [1, 0]}


def is_logged(server: ServerProcess, words: str) -> bool:
    return words in server.log.read_text()


def test_a_version_that_killed_the_process_is_not_loaded_again(folder: ServingFolder) -> None:
    champion = folder.add(CHAMPION)
    killer = folder.add(CHALLENGER, weight=0)
    marks = folder.root / "state" / "loading"
    marks.mkdir()
    (marks / killer.digest.removeprefix("sha256:")).touch()
    folder.write_plan([champion, killer])
    with running_server(folder) as server:
        server.wait_ready()
        state = decided(server, killer)

        assert state.reason is ServingReason.CRASHED_ON_LOAD
        assert "ended an earlier server process" in state.message
        assert server.infer(REQUEST).status == 200


def test_shutdown_says_not_ready_first_and_still_answers(folder: ServingFolder) -> None:
    folder.write_plan([folder.add(CHAMPION)])
    with running_server(folder, {"TRIMTAB_DRAIN_SECONDS": "3"}) as server:
        server.wait_ready()
        server.process.send_signal(signal.SIGTERM)
        wait_until(
            lambda: server.send("GET", "/readyz", admin=True).status == 503, 3.0, what="unready"
        )
        during: Any = server.infer(REQUEST)
        assert during.status == 200
        assert server.send("GET", "/v2/health/ready").status == 503
        assert server.process.wait(30) == 0
        with pytest.raises(OSError, match="refused"):
            server.infer(REQUEST)
