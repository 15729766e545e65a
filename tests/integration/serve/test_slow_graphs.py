"""Graphs that take long hold up neither the event loop nor the champion."""

import threading

import numpy as np
import pytest

from support import graphs
from support.serving import ServerProcess, ServingFolder, running_server
from support.steady_load import BODY, body_of
from support.waiting import wait_until
from trimtab_stages.contract.serving_plan import PlanVersion, VersionCounts

pytestmark = pytest.mark.integration

HARD_BODY = body_of([900_000.0, 0.0])
"""Two seconds or more for a graph that takes the longer the larger the first feature is."""
INFER = "/v2/models/m/infer"
FAST = graphs.linear_scores(np.array([[1.0], [-1.0]], np.float32))


def counts_of(server: ServerProcess, version: PlanVersion) -> VersionCounts:
    found = next(item for item in server.state().versions if item.digest == version.digest)
    return found.counts or VersionCounts()


def test_the_champion_answers_while_a_shadow_takes_its_time(folder: ServingFolder) -> None:
    champion = folder.add(FAST)
    shadow = folder.add(graphs.spinning_scores(), weight=0, shadow=True)
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([champion, shadow]))
        assert server.send("POST", INFER, HARD_BODY).status == 200
        for _ in range(20):
            assert server.send("POST", INFER, BODY).status == 200

        assert counts_of(server, shadow).shadow_requests == 0, "its first run is not over"
        wait_until(lambda: counts_of(server, shadow).shadow_requests, 30.0, what="it is over")


def test_a_graph_that_becomes_slow_holds_the_loop_once(folder: ServingFolder) -> None:
    champion = folder.add(graphs.spinning_scores())
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([champion]))
        assert server.send("POST", INFER, BODY).status == 200
        assert server.send("POST", INFER, HARD_BODY).status == 200
        assert is_told_of_meanwhile(server)

        server.wait_following(folder.write_plan([champion], capture_fraction=0.5))
        assert is_told_of_meanwhile(server), "a new plan has not forgotten it"


def is_told_of_meanwhile(server: ServerProcess) -> bool:
    """Return whether a long run is answered, and the server tells of it while it is under way."""
    replies: list[int] = []
    asking = threading.Thread(
        target=lambda: replies.append(server.send("POST", INFER, HARD_BODY).status)
    )
    asking.start()
    # One look may come before the run begins; several, one after the other, cannot.
    told = wait_until(
        lambda: all(in_flight(server) for _ in range(5)) or replies, 30.0, what="something is told"
    )
    asking.join()
    return told is True and replies == [200]


def in_flight(server: ServerProcess) -> int:
    page = server.send("GET", "/metrics", admin=True).body.decode()
    name = "trimtab_inference_inflight_requests "
    line = next(line for line in page.splitlines() if line.startswith(name))
    return int(float(line.removeprefix(name)))
