"""The protocol over gRPC, spoken by a client with its own definition, against a real server."""

import http.client
import random
from collections import Counter
from collections.abc import Iterator

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
import tritonclient.http as triton_http
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub
from tritonclient.utils import InferenceServerException

from support.grpc_calls import open_channel, raw, refused, typed
from support.serving import ServerProcess

pytestmark = pytest.mark.integration

MEBIBYTE = 1 << 20
BODY_LIMIT = 1_000_000
"""As the shared server is told."""

ROW = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)
INFER = "/inference.GRPCInferenceService/ModelInfer"


@pytest.fixture
def channel(server: ServerProcess) -> Iterator[grpc.Channel]:
    with open_channel(server) as opened:
        yield opened


@pytest.fixture
def stub(channel: grpc.Channel) -> GRPCInferenceServiceStub:
    return GRPCInferenceServiceStub(channel)


@pytest.fixture
def client(server: ServerProcess) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.grpc_port}") as opened:
        yield opened


def open_infer(channel: grpc.Channel) -> "grpc.UnaryUnaryMultiCallable[bytes, bytes]":
    """Return the call as bytes, for malformed ones too."""
    return channel.unary_unary(INFER, bytes, bytes)


def given(rows: NDArray[np.float32]) -> triton.InferInput:
    tensor = triton.InferInput("features", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows)
    return tensor


def test_a_client_sees_a_live_ready_server(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("m")
    metadata = client.get_server_metadata(as_json=True)
    assert metadata["name"] == "trimtab"
    assert "binary_tensor_data" in metadata["extensions"]


def test_metadata_is_that_of_http(
    server: ServerProcess, client: triton.InferenceServerClient
) -> None:
    document = server.send("GET", "/v2/models/m").document
    message = client.get_model_metadata("m")

    assert message.name == document["name"]
    assert list(message.versions) == document["versions"]
    assert message.platform == document["platform"]
    for side in ("inputs", "outputs"):
        tensors = [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape)}
            for tensor in getattr(message, side)
        ]
        assert tensors == document[side]


def http_answers(server: ServerProcess, rows: NDArray[np.float32]) -> dict[str, bytes]:
    """Return the raw outputs that the binary extension gives over HTTP."""
    tensor = triton_http.InferInput("features", list(rows.shape), "FP32")
    tensor.set_data_from_numpy(rows)
    with triton_http.InferenceServerClient(f"127.0.0.1:{server.port}") as http:
        result = http.infer("m", [tensor])
        return {name: result.as_numpy(name).tobytes() for name in ("score", "decision")}


@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_raw_requests_get_the_bits_that_http_gives(
    server: ServerProcess, client: triton.InferenceServerClient, compression: str | None
) -> None:
    rows = np.random.default_rng(5).standard_normal((50, 4)).astype(np.float32)
    expected = http_answers(server, rows)
    result = client.infer("m", [given(rows)], request_id="7", compression_algorithm=compression)

    response = result.get_response()
    assert response.id == "7"
    assert [output.name for output in response.outputs] == ["score", "decision"]
    assert dict(zip(("score", "decision"), response.raw_output_contents, strict=True)) == expected
    assert not any(output.HasField("contents") for output in response.outputs)


def test_typed_requests_get_the_same_bits_typed(
    server: ServerProcess, stub: GRPCInferenceServiceStub
) -> None:
    rows = np.random.default_rng(6).standard_normal((50, 4)).astype(np.float32)
    expected = http_answers(server, rows)
    response = stub.ModelInfer(typed(rows, outputs=[{"name": "decision"}, {"name": "score"}]))

    decision, score = response.outputs
    assert not response.raw_output_contents
    assert np.array(decision.contents.int64_contents, "<i8").tobytes() == expected["decision"]
    assert np.array(score.contents.fp32_contents, "<f4").tobytes() == expected["score"]


def test_an_absent_id_is_not_invented_but_rows_can_be_labelled(
    stub: GRPCInferenceServiceStub,
) -> None:
    responses = [stub.ModelInfer(raw(ROW.tobytes())) for _ in range(2)]

    assert [response.id for response in responses] == ["", ""]
    ids = {r.parameters["trimtab_inference_id"].string_param for r in responses}
    assert len(ids) == 2
    assert "" not in ids
    assert not stub.ModelInfer(raw(ROW.tobytes(), id="mine")).parameters


def test_versions_are_addressed_by_name(client: triton.InferenceServerClient) -> None:
    versions = list(client.get_model_metadata("m").versions)
    results = [client.infer("m", [given(ROW)], model_version=version) for version in versions]

    assert [result.get_response().model_version for result in results] == versions
    assert all(client.is_model_ready("m", version) for version in versions)
    assert sum(result.as_numpy("score")[0] for result in results) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("name", "version", "words"), [("none", "", "no such model"), ("m", "none", "no such version")]
)
@pytest.mark.parametrize("method", ["ModelInfer", "ModelMetadata", "ModelReady"])
def test_what_is_not_there_is_not_found(
    stub: GRPCInferenceServiceStub, method: str, name: str, version: str, words: str
) -> None:
    request = {
        "ModelInfer": raw(ROW.tobytes(), model_name=name, model_version=version),
        "ModelMetadata": service_pb2.ModelMetadataRequest(name=name, version=version),
        "ModelReady": service_pb2.ModelReadyRequest(name=name, version=version),
    }[method]
    error = refused(lambda: getattr(stub, method)(request))

    assert error.code() is grpc.StatusCode.NOT_FOUND
    assert words in (error.details() or "")


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        pytest.param(raw(b"\0" * 15), "15 bytes given", id="size"),
        pytest.param(raw(ROW.tobytes(), raw_input_contents=[b""] * 2), "2 entries", id="entries"),
        pytest.param(
            typed(ROW, raw_input_contents=[ROW.tobytes()]), "both given", id="raw and typed"
        ),
        pytest.param(typed(ROW[:, :3]), "does not fit", id="shape"),
        pytest.param(typed(ROW, outputs=[{"name": "q"}]), "unknown output", id="output"),
        pytest.param(typed(ROW, id="x" * 257), "at most 256 characters", id="id"),
    ],
)
def test_wrong_requests_are_invalid_in_words(
    stub: GRPCInferenceServiceStub, request_: service_pb2.ModelInferRequest, words: str
) -> None:
    error = refused(lambda: stub.ModelInfer(request_))

    assert error.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert words in (error.details() or "")


def test_a_client_is_told_what_is_wrong(client: triton.InferenceServerClient) -> None:
    with pytest.raises(InferenceServerException, match=r"shape \[1, 3\] does not fit \[-1, 4\]"):
        client.infer("m", [given(ROW[:, :3].copy())])


def test_unknown_methods_are_unimplemented(channel: grpc.Channel) -> None:
    error = refused(
        lambda: channel.unary_unary("/inference.GRPCInferenceService/Nothing", bytes, bytes)(b"")
    )

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


@pytest.mark.parametrize("compression", [grpc.Compression.NoCompression, grpc.Compression.Gzip])
def test_messages_over_the_limit_exhaust_and_leave_no_memory(
    server: ServerProcess, channel: grpc.Channel, compression: grpc.Compression
) -> None:
    call = open_infer(channel)
    refused(lambda: call(bytes(BODY_LIMIT + 1), compression=compression))
    before = server.rss()
    error = refused(lambda: call(bytes(100 * BODY_LIMIT), compression=compression))

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert server.rss() - before < 32 * MEBIBYTE
    rows = np.zeros((BODY_LIMIT // 17, 4), np.float32)
    assert GRPCInferenceServiceStub(channel).ModelInfer(
        raw(rows.tobytes(), inputs=[{"name": "features", "datatype": "FP32", "shape": rows.shape}])
    )


def mutated(chance: random.Random) -> bytes:
    data = bytearray(chance.choice((raw(ROW.tobytes()), typed(ROW))).SerializeToString())
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(data))
        match chance.randrange(3):
            case 0:
                data[place] = chance.randrange(256)
            case 1:
                del data[place : place + chance.randint(1, 20)]
            case _:
                data[place:place] = chance.randbytes(chance.randint(1, 20))
        data = data or bytearray(1)
    return bytes(data)


def test_a_thousand_malformed_messages(server: ServerProcess, channel: grpc.Channel) -> None:
    chance = random.Random(20261124)  # noqa: S311 - a repeatable test, not a secret
    call = open_infer(channel)
    codes: Counter[grpc.StatusCode] = Counter()
    for _ in range(1000):
        try:
            call(mutated(chance))
            codes[grpc.StatusCode.OK] += 1
        except grpc.RpcError as error:
            codes[error.code()] += 1

    assert server.process.poll() is None
    assert codes.keys() <= {
        grpc.StatusCode.OK,
        grpc.StatusCode.INVALID_ARGUMENT,
        grpc.StatusCode.NOT_FOUND,
    }
    assert codes[grpc.StatusCode.INVALID_ARGUMENT] > 300
    assert GRPCInferenceServiceStub(channel).ModelInfer(raw(ROW.tobytes()))


def test_bytes_that_are_no_http2_harm_nothing(
    server: ServerProcess, stub: GRPCInferenceServiceStub
) -> None:
    strange = ServerProcess(server.process, server.grpc_port, 0, 0, server.log)
    with pytest.raises((OSError, http.client.HTTPException), match=r"."):
        strange.send("POST", "/v2/models/m/infer", b"{}")

    assert stub.ModelInfer(raw(ROW.tobytes()))


def test_calls_that_are_cancelled_cost_nothing(
    server: ServerProcess, channel: grpc.Channel, stub: GRPCInferenceServiceStub
) -> None:
    call = open_infer(channel)
    for _ in range(50):
        call.future(raw(ROW.tobytes()).SerializeToString()).cancel()

    assert stub.ModelInfer(raw(ROW.tobytes()))
    metrics = server.send("GET", "/metrics", admin=True).body.decode()
    assert "trimtab_inference_inflight_requests 0.0" in metrics


def test_reflection_describes_every_service(channel: grpc.Channel) -> None:
    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    listing = reflection_pb2.ServerReflectionRequest(list_services="*")
    (listed,) = stub.ServerReflectionInfo(iter([listing]))
    names = [service.name for service in listed.list_services_response.service]
    wanted = [reflection_pb2.ServerReflectionRequest(file_containing_symbol=n) for n in names]
    answers = list(stub.ServerReflectionInfo(iter(wanted)))

    assert "inference.GRPCInferenceService" in names
    assert "grpc.health.v1.Health" in names
    assert all(answer.file_descriptor_response.file_descriptor_proto for answer in answers)
