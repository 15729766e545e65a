"""The protocol over a real connection to a real server."""

import gzip
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any, BinaryIO

import numpy as np
import onnxruntime as ort
import pytest
import tritonclient.http as triton
from tritonclient.utils import InferenceServerException

from support.serving import Reply, ServerProcess, ServingFolder

pytestmark = pytest.mark.integration

ROW = [0.1, 0.2, 0.3, 0.4]


def features(rows: list[list[Any]], **members: Any) -> dict[str, Any]:
    tensor = {"name": "features", "shape": [len(rows), 4], "datatype": "FP32", "data": rows}
    return {"inputs": [tensor]} | members


def output(reply: Reply, name: str) -> list[Any]:
    assert reply.status == 200, reply.body
    (found,) = [entry for entry in reply.document["outputs"] if entry["name"] == name]
    values: list[Any] = found["data"]
    return values


@pytest.fixture
def client(server: ServerProcess) -> Iterator[triton.InferenceServerClient]:
    with triton.InferenceServerClient(f"127.0.0.1:{server.port}") as client:
        yield client


def test_a_triton_client_sees_a_live_ready_server(client: triton.InferenceServerClient) -> None:
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("m")
    assert not client.is_model_ready("other")
    assert client.get_server_metadata()["name"] == "trimtab"
    metadata = client.get_model_metadata("m")
    assert metadata["platform"] == "onnx_onnxv1"
    assert len(metadata["versions"]) == 2
    assert metadata["inputs"] == [{"name": "features", "datatype": "FP32", "shape": [-1, 4]}]


@pytest.mark.parametrize("binary_in", [True, False], ids=["binary in", "json in"])
@pytest.mark.parametrize("binary_out", [True, False], ids=["binary out", "json out"])
@pytest.mark.parametrize("compression", [None, "gzip", "deflate"])
def test_a_triton_client_gets_the_bits_that_onnx_runtime_gives(
    client: triton.InferenceServerClient,
    shared_folder: ServingFolder,
    *,
    binary_in: bool,
    binary_out: bool,
    compression: str | None,
) -> None:
    rows = np.random.default_rng(5).standard_normal((50, 4)).astype(np.float32)
    metadata = client.get_model_metadata("m")
    (entry,) = [
        item
        for item in shared_folder.store.list("blobs/")
        if item.key.startswith(f"blobs/{metadata['versions'][0]}")
    ]
    session = ort.InferenceSession(shared_folder.store.get(entry.key))
    expected = session.run(["score"], {"features": rows})[0]

    given = triton.InferInput("features", list(rows.shape), "FP32")
    given.set_data_from_numpy(rows, binary_data=binary_in)
    wanted = [
        triton.InferRequestedOutput(name, binary_data=binary_out) for name in ("decision", "score")
    ]
    result = client.infer(
        "m", [given], outputs=wanted, request_id="7", request_compression_algorithm=compression
    )

    assert result.get_response()["id"] == "7"
    assert result.as_numpy("score").tobytes() == expected.tobytes()
    assert result.as_numpy("decision").tolist() == (expected >= 0.5).astype(int).tolist()
    assert [item["name"] for item in result.get_response()["outputs"]] == ["decision", "score"]


def test_a_triton_client_is_told_what_is_wrong(client: triton.InferenceServerClient) -> None:
    given = triton.InferInput("features", [1, 3], "FP32")
    given.set_data_from_numpy(np.zeros((1, 3), np.float32))

    with pytest.raises(InferenceServerException, match=r"shape \[1, 3\] does not fit \[-1, 4\]"):
        client.infer("m", [given])


@pytest.mark.parametrize("path", ["/v2", "/v2/"])
def test_server_metadata(server: ServerProcess, path: str) -> None:
    reply = server.send("GET", path)

    assert reply.status == 200
    assert reply.document.keys() == {"name", "version", "extensions"}


def test_versions_are_addressed_by_name_and_answer_themselves(server: ServerProcess) -> None:
    champion, former = server.send("GET", "/v2/models/m").document["versions"]
    for version in (champion, former):
        path = f"/v2/models/m/versions/{version}"
        assert server.send("GET", f"{path}/ready").document == {"name": "m", "ready": True}
        assert server.send("GET", path).status == 200
        reply = server.infer(features([ROW]), f"{path}/infer")
        assert reply.document["model_version"] == version

    scores = [
        output(server.infer(features([ROW]), f"/v2/models/m/versions/{v}/infer"), "score")[0]
        for v in (champion, former)
    ]
    assert sum(scores) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v2/models/none", 404),
        ("GET", "/v2/models/m/versions/none", 404),
        ("GET", "/v2/models/none/ready", 404),
        ("GET", "/v2/nothing", 404),
        ("GET", "/", 404),
        ("POST", "/v2/models/none/infer", 404),
        ("GET", "/v2/models/m/infer", 405),
        ("POST", "/v2/models/m", 405),
        ("DELETE", "/v2", 405),
        ("GET", "/v2/models/%2e%2e/infer", 400),
        ("GET", "/v2/models/a%2Fb", 400),
    ],
)
def test_errors_are_json_with_one_member(
    server: ServerProcess, method: str, path: str, status: int
) -> None:
    reply = server.send(method, path)

    assert reply.status == status
    assert reply.document.keys() == {"error"}
    assert ("allow" in reply.headers) is (status == 405)


def test_head_and_options(server: ServerProcess) -> None:
    got = server.send("GET", "/v2/models/m")
    head = server.send("HEAD", "/v2/models/m")
    options = server.send("OPTIONS", "/v2/models/m/infer")

    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == got.headers["content-length"]
    assert (options.status, options.headers["allow"]) == (204, "POST, OPTIONS")


@pytest.mark.parametrize("identity", ["x", 'é"\\\n', "日本語", "a" * 256])
def test_an_id_comes_back_exactly(server: ServerProcess, identity: str) -> None:
    document = server.infer(features([ROW], id=identity)).document

    assert document["id"] == identity
    assert "parameters" not in document


def test_an_absent_id_is_not_invented_but_rows_can_be_labelled(server: ServerProcess) -> None:
    first, second = (server.infer(features([ROW])).document for _ in range(2))

    assert "id" not in first
    ids = {document["parameters"]["trimtab_inference_id"] for document in (first, second)}
    assert len(ids) == 2


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"content-encoding": "br"}, 415),
        ({"inference-header-content-length": "x"}, 400),
        ({"inference-header-content-length": "99999"}, 400),
    ],
    ids=["content type", "encoding", "header length", "header beyond the body"],
)
def test_wrong_headers(server: ServerProcess, headers: dict[str, str], status: int) -> None:
    body = json.dumps(features([ROW])).encode()
    reply = server.send("POST", "/v2/models/m/infer", body, headers)

    assert reply.status == status
    assert reply.document.keys() == {"error"}


def test_bodies_over_the_limit(server: ServerProcess) -> None:
    big = server.send("POST", "/v2/models/m/infer", bytes(1_000_001))
    bomb = server.send(
        "POST",
        "/v2/models/m/infer",
        gzip.compress(bytes(10**8)),
        {"content-encoding": "gzip"},
    )

    assert (big.status, bomb.status) == (413, 413)


def test_a_body_in_chunks_over_the_limit(server: ServerProcess) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
    connection.putrequest("POST", "/v2/models/m/infer")
    connection.putheader("transfer-encoding", "chunked")
    connection.endheaders()
    for _ in range(20):
        connection.send(b"10000\r\n" + bytes(0x10000) + b"\r\n")

    assert connection.getresponse().status == 413
    connection.close()


def test_no_error_shows_a_value(server: ServerProcess) -> None:
    secret = 123456.789
    for document in (
        features([[secret] * 3]),
        features([[secret, 1, 2, "x"]]),
        features([[secret, 1, 2, None]]),
        features([[secret * 1e40, 1, 2, 3]]),
    ):
        reply = server.infer(document)
        assert reply.status == 400
        assert b"1234" not in reply.body
        assert b"Traceback" not in reply.body


def test_an_empty_batch_has_an_empty_answer(server: ServerProcess) -> None:
    reply = server.infer(features([]))

    assert output(reply, "score") == []


def test_trace_context_comes_back(server: ServerProcess) -> None:
    trace = f"00-{'a' * 32}-{'b' * 16}-01"
    for sent, expected in ((trace, trace), ("nonsense", None)):
        reply = server.send("GET", "/v2", headers={"traceparent": sent})
        assert reply.headers.get("traceparent") == expected


def test_feedback_is_taken(server: ServerProcess) -> None:
    body = json.dumps({"labels": [{"id": "a", "label": "yes"}]}).encode()
    good = server.send("POST", "/v2/models/m/feedback", body)
    bad = server.send("POST", "/v2/models/m/feedback", b'{"labels": [{}]}')

    assert (good.status, good.document) == (202, {"accepted": 1})
    assert bad.status == 400


def test_requests_of_one_connection_are_answered_in_order(server: ServerProcess) -> None:
    bodies = [json.dumps(features([ROW], id=str(n))).encode() for n in range(20)]
    wire = b"".join(
        b"POST /v2/models/m/infer HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n%b" % (len(b), b)
        for b in bodies
    )
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(wire)
        with connection.makefile("rb") as stream:
            answers = [json.loads(read_body(stream))["id"] for _ in bodies]

    assert answers == [str(n) for n in range(20)]


def read_body(stream: BinaryIO) -> bytes:
    assert stream.readline() == b"HTTP/1.1 200 OK\r\n"
    return stream.read(int(http.client.parse_headers(stream)["content-length"]))
