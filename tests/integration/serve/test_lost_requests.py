"""Requests that nobody waited for to their end: whose fault they are, over both protocols."""

from collections.abc import Callable

import grpc
import numpy as np
import pytest
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from support import graphs
from support.grpc_calls import open_channel, refused, typed
from support.leaving import PATIENCE_SECONDS, leave
from support.serving import ServerProcess, ServingFolder, running_server
from support.steady_load import BODY, body_of
from support.waiting import wait_until
from trimtab_stages.contract.serving_plan import PlanVersion, VersionCounts

pytestmark = pytest.mark.integration

TURNS = 500_000.0
"""Of a graph that takes the longer the more there are: most of a second, or more."""

SLOW = 10_000
"""Turns of a graph that is known to be slow, so that it runs on a thread."""


def ask_http(server: ServerProcess, version: str | None) -> None:
    part = f"/versions/{version}" if version else ""
    leave(server, f"/v2/models/m{part}/infer", body_of([TURNS, 0.0]))


def ask_grpc(server: ServerProcess, version: str | None) -> None:
    request = typed(np.array([[TURNS, 0.0]], np.float32), model_version=version or "")
    with open_channel(server) as channel:
        stub = GRPCInferenceServiceStub(channel)
        error = refused(lambda: stub.ModelInfer(request, timeout=PATIENCE_SECONDS))
    assert error.code() is grpc.StatusCode.DEADLINE_EXCEEDED


Ask = Callable[[ServerProcess, str | None], None]


@pytest.mark.parametrize(
    "ask", [pytest.param(ask_http, id="http"), pytest.param(ask_grpc, id="grpc")]
)
def test_a_client_whose_time_runs_out_is_a_failure_of_the_version_that_should_have_answered(
    folder: ServingFolder, ask: Ask
) -> None:
    champion = folder.add(graphs.spinning_scores(SLOW))
    challenger = folder.add(graphs.spinning_scores(SLOW, 1.0), weight=0, shadow=True)
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([champion, challenger]))
        tried = challenger.digest[7:23]
        ask(server, tried)
        ask(server, tried)
        ask(server, None)
        wait_until(lambda: counts_of(server, champion).failed_requests, 20.0, what="it is counted")

        assert counts_of(server, champion).failed_requests == 1, "not what another was named for"
        assert counts_of(server, challenger).failed_requests == 0, "nor what somebody tried"
        assert told(server, tried) == 2, "which the metrics tell all the same"
        wait_until(lambda: idle(server), 20.0, what="the runs are over")


def counts_of(server: ServerProcess, version: PlanVersion) -> VersionCounts:
    found = next(item for item in server.state().versions if item.digest == version.digest)
    assert found.counts is not None
    return found.counts


def told(server: ServerProcess, name: str) -> int:
    """Return how many failed requests of a version the metrics tell."""
    page = server.send("GET", "/metrics", admin=True).body.decode()
    lines = [line for line in page.splitlines() if line.startswith("trimtab_inference_requests_t")]
    codes = ("deadline", "abandoned")
    mine = [line for line in lines if name in line and any(f'"{code}"' in line for code in codes)]
    return sum(int(float(line.rpartition(" ")[2])) for line in mine)


def idle(server: ServerProcess) -> bool:
    return server.send("POST", "/v2/models/m/infer", BODY).status == 200
