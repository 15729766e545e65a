"""Health, plan swaps and shutdown, seen over gRPC."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import grpc
import numpy as np
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from support import graphs
from support.grpc_calls import open_channel, raw, refused
from support.serving import ServerProcess, ServingFolder, running_server
from support.waiting import wait_until

pytestmark = pytest.mark.integration

ROW = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with open_channel(server) as opened:
        yield opened


@pytest.mark.parametrize("service", ["", "inference.GRPCInferenceService"])
def test_health_says_serving(channel: grpc.Channel, service: str) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service=service)

    assert health.Check(request).status == health_pb2.HealthCheckResponse.SERVING
    watch = health.Watch(request)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
    watch.cancel()


def test_health_of_an_unknown_service(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="q")

    assert refused(lambda: health.Check(request)).code() is grpc.StatusCode.NOT_FOUND
    watch = health.Watch(request)
    assert next(watch).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    watch.cancel()


def test_without_a_plan_nothing_is_available(folder: ServingFolder) -> None:
    with running_server(folder) as server, open_channel(server) as channel:
        stub = GRPCInferenceServiceStub(channel)
        live = service_pb2.ServerLiveRequest()
        assert stub.ServerLive(live, wait_for_ready=True).live
        assert not stub.ServerReady(service_pb2.ServerReadyRequest()).ready
        assert not stub.ModelReady(service_pb2.ModelReadyRequest(name="m")).ready
        error = refused(lambda: stub.ModelInfer(raw(ROW.tobytes())))
        assert error.code() is grpc.StatusCode.UNAVAILABLE
        trailers = {entry.key: str(entry.value) for entry in error.trailing_metadata()}
        assert trailers["grpc-retry-pushback-ms"] == "1000"
        health = health_pb2_grpc.HealthStub(channel)
        watch = health.Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING

        server.wait_following(folder.write_plan([folder.add(graphs.linear_scores(ROW.T))]))
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING
        assert stub.ModelInfer(raw(ROW.tobytes()))


@dataclass
class Load:
    """A client that sends requests until it is stopped."""

    server: ServerProcess
    codes: Counter[grpc.StatusCode] = field(default_factory=Counter)
    versions: set[str] = field(default_factory=set)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        with open_channel(self.server) as channel:
            stub = GRPCInferenceServiceStub(channel)
            while not self.stopped.is_set():
                try:
                    self.versions.add(stub.ModelInfer(raw(ROW.tobytes())).model_version)
                    self.codes[grpc.StatusCode.OK] += 1
                except grpc.RpcError as error:
                    self.codes[error.code()] += 1


def under_load(server: ServerProcess, action: Callable[[], None]) -> list[Load]:
    loads = [Load(server) for _ in range(3)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    wait_until(lambda: all(load.codes for load in loads), 20.0, what="load")
    try:
        action()
    finally:
        for load in loads:
            load.stopped.set()
        for thread in threads:
            thread.join()
    return loads


def test_swaps_under_load_lose_no_request(folder: ServingFolder) -> None:
    first = folder.add(graphs.linear_scores(ROW.T))
    second = folder.add(graphs.linear_scores(-ROW.T))
    plans = [[champion] for champion in (second, first, second)]
    with running_server(folder) as server:
        server.wait_following(folder.write_plan([first]))

        def swap() -> None:
            for versions in plans:
                server.wait_following(folder.write_plan(versions))

        loads = under_load(server, swap)

    assert {code for load in loads for code in load.codes} == {grpc.StatusCode.OK}
    assert set.union(*(load.versions for load in loads)) == {
        first.digest[7:23],
        second.digest[7:23],
    }


def test_shutdown_says_not_serving_first_and_answers_what_it_took(folder: ServingFolder) -> None:
    folder.write_plan([folder.add(graphs.linear_scores(ROW.T))])
    environment = {"TRIMTAB_DRAIN_SECONDS": "3"}
    with running_server(folder, environment) as server, open_channel(server) as channel:
        server.wait_ready()
        stub = GRPCInferenceServiceStub(channel)
        watch = health_pb2_grpc.HealthStub(channel).Watch(health_pb2.HealthCheckRequest())
        assert next(watch).status == health_pb2.HealthCheckResponse.SERVING

        def stop() -> None:
            server.process.terminate()
            assert next(watch).status == health_pb2.HealthCheckResponse.NOT_SERVING
            assert not stub.ServerReady(service_pb2.ServerReadyRequest()).ready
            assert stub.ModelInfer(raw(ROW.tobytes()))
            assert server.process.wait(15) == 0, "an open watch delays nothing"

        loads = under_load(server, stop)

    codes = {code for load in loads for code in load.codes}
    refused_at_the_end = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
    assert codes - refused_at_the_end == {grpc.StatusCode.OK}
