"""The same requests over gRPC and over HTTP leave the same behind."""

import base64
from typing import Any

import numpy as np
import pytest
from tritonclient.grpc import service_pb2
from tritonclient.grpc.service_pb2_grpc import GRPCInferenceServiceStub

from support import graphs
from support.grpc_calls import open_channel, typed
from support.serving import ServerProcess, ServingFolder, running_server
from support.waiting import wait_until
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.decision_record import DecisionRecord, unpack_block
from trimtab_stages.contract.pane import Pane

pytestmark = pytest.mark.integration

WEIGHTS = np.array([[0.1], [0.2], [0.3], [0.4]], np.float32)
EVENT_NS = 7 * 3600 * 10**9 + 1
STEP_NS = 10**12
REQUESTS = 30

OF_THIS_RUN = {"writer", "score_sums", "first_received_ns", "last_received_ns"}
"""Names and times of one run, and sums whose last bits depend on what was folded together."""


def send_rows(server: ServerProcess, *, over_grpc: bool) -> None:
    """Send the same requests of two rows over one of the protocols."""
    requests = np.random.default_rng(3).random((REQUESTS, 2, 4), dtype=np.float32)
    with open_channel(server) as channel:
        stub = GRPCInferenceServiceStub(channel)
        for number, rows in enumerate(requests):
            event_ns = EVENT_NS + number * STEP_NS
            if over_grpc:
                parameters = {"event_time": service_pb2.InferParameter(int64_param=event_ns)}
                stub.ModelInfer(typed(rows, id=f"r{number}", parameters=parameters))
                continue
            tensor: dict[str, Any] = {"name": "features", "datatype": "FP32", "shape": [2, 4]}
            tensor["data"] = rows.ravel().tolist()
            document = {"id": f"r{number}", "inputs": [tensor]}
            reply = server.infer(document | {"parameters": {"event_time": event_ns}})
            assert reply.status == 200


def serve_rows(folder: ServingFolder, *, over_grpc: bool) -> None:
    """Answer the requests with a champion, and score them with a shadow version."""
    champion = folder.add(graphs.linear_scores(WEIGHTS), threshold=0.5)
    shadow = folder.add(graphs.linear_scores(-WEIGHTS), weight=0, shadow=True)
    plan = folder.write_plan([champion, shadow], pane_seconds=3600, flush_seconds=3600)
    scored = f'trimtab_shadow_rows_total{{model="m",version="{shadow.digest[7:23]}"}} 60.0'
    with running_server(folder) as server:
        server.wait_following(plan)
        send_rows(server, over_grpc=over_grpc)
        wait_until(lambda: scored in metrics(server), 20.0, what="shadow rows scored")


def metrics(server: ServerProcess) -> str:
    return server.send("GET", "/metrics", admin=True).body.decode()


def stored(folder: ServingFolder, kind: str) -> list[bytes]:
    keys = [entry.key for entry in folder.store.list(f"serving/m/{kind}/")]
    return [folder.store.get(key) for key in keys]


def panes(folder: ServingFolder) -> dict[tuple[int, bool], dict[str, Any]]:
    """Return (bucket, shadow) -> what is counted; sums of floats may differ in their last bits."""
    found: dict[tuple[int, bool], dict[str, Any]] = {}
    for data in stored(folder, "panes"):
        pane = Pane.model_validate(Pane.from_bytes(data))
        document = pane.model_dump(exclude=OF_THIS_RUN)
        for cells in document["numeric"].values():
            for name in ("total", "squares"):
                cells[name] = pytest.approx(cells[name], rel=1e-9)
        assert found.setdefault((pane.bucket, pane.shadow), document) is document, "one flush"
    return found


def captured(folder: ServingFolder) -> dict[tuple[str, str], tuple[int, bytes, int]]:
    """Return (version, row id) -> event time, features and decision."""
    found = {}
    for data in stored(folder, "captured"):
        rows = CapturedRows.model_validate(CapturedRows.from_bytes(data))
        numeric = np.frombuffer(base64.b64decode(rows.numeric), "<f4").reshape(len(rows.ids), -1)
        for number, one in enumerate(rows.ids):
            kept = (rows.event_time_ns[number], numeric[number].tobytes(), rows.decisions[number:])
            found[rows.version, one] = (kept[0], kept[1], kept[2][0] if kept[2] else -1)
    return found


def records(folder: ServingFolder) -> dict[tuple[bytes, int], tuple[object, ...]]:
    """Return (id hash, row) -> the decision record, without its time of arrival."""
    found = [record for data in stored(folder, "decisions") for record in unpack_block(data)]
    return {(record.id_hash, record.row): _without_arrival(record) for record in found}


def _without_arrival(record: DecisionRecord) -> tuple[object, ...]:
    return (record.decision, record.event_ns, record.version, record.revision, record.score)


def test_both_protocols_leave_the_same_behind(tmp_path_factory: pytest.TempPathFactory) -> None:
    http, grpc = (ServingFolder(tmp_path_factory.mktemp(name)) for name in ("http", "grpc"))
    serve_rows(http, over_grpc=False)
    serve_rows(grpc, over_grpc=True)

    assert len(records(grpc)) == 2 * REQUESTS
    assert records(grpc) == records(http)
    assert len(captured(grpc)) == 2 * 2 * REQUESTS
    assert captured(grpc) == captured(http)
    assert {bucket for bucket, _ in panes(grpc)} == {
        (EVENT_NS + number * STEP_NS) // (3600 * 10**9) * 3600 for number in range(REQUESTS)
    }
    assert panes(grpc) == panes(http)
