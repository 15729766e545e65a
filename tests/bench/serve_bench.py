"""The serving path against raw ONNX Runtime: `make bench-serve`.

Both run the same graph on the same machine in one go, and both are counted per second of their own
processor time, so that what else the machine does changes the figures little. A figure is a ratio:
requests answered per server second over bare one-row (or one-batch) calls per second.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from support import graphs
from support.bars import Bar, show
from support.serving import ServerProcess, ServingFolder, running_server

ROUNDS = 3
CALLS = 3000
SECONDS = 2.0
CONNECTIONS = 16
TICKS = os.sysconf("SC_CLK_TCK")

Rows = NDArray[np.float32]


class Form(StrEnum):
    """How a request goes over the wire."""

    JSON = "json"
    BINARY = "binary"
    GRPC = "grpc"


@dataclass(frozen=True)
class Case:
    """One bar: a graph, a batch and a form of the request.

    Attributes:
        name: name of the bar.
        widths: widths of the layers, input first.
        rows: rows of a request.
        form: JSON, JSON with the binary tensor extension, or gRPC with raw contents.
        goal: smallest ratio.
    """

    name: str
    widths: tuple[int, ...]
    rows: int
    form: Form
    goal: float


# Goals: the measured prototype less a third; it checked nothing, counted nothing, kept nothing.
CASES = (
    Case("serve-json-4", (4, 16, 3), rows=1, form=Form.JSON, goal=0.22),
    Case("serve-binary-4", (4, 16, 3), rows=1, form=Form.BINARY, goal=0.22),
    Case("serve-json-784", (784, 128, 10), rows=1, form=Form.JSON, goal=0.23),
    Case("serve-binary-784", (784, 128, 10), rows=1, form=Form.BINARY, goal=0.60),
    Case("serve-binary-784-batch32", (784, 128, 10), rows=32, form=Form.BINARY, goal=0.50),
    Case("serve-grpc-4", (4, 16, 3), rows=1, form=Form.GRPC, goal=0.10),
    Case("serve-grpc-784", (784, 128, 10), rows=1, form=Form.GRPC, goal=0.25),
)


def main() -> int:
    """Print a line for each bar; returns 1 when one is missed."""
    return show(bar(case) for case in CASES)


def bar(case: Case) -> Bar:
    """Return the middle ratio of several rounds."""
    ratio = statistics.median(measure(case) for _ in range(ROUNDS))
    return Bar(case.name, ratio, case.goal, at_least=True)


def measure(case: Case) -> float:
    """Return served requests per server second over raw calls per second."""
    graph = graphs.perceptron(case.widths)
    rows = np.random.default_rng(1).random((case.rows, case.widths[0]), dtype=np.float32)
    with tempfile.TemporaryDirectory() as root:
        folder = ServingFolder(Path(root))
        plan = folder.write_plan([folder.add(graph)], capture_fraction=0.1, flush_seconds=10)
        with running_server(folder) as server:
            server.wait_following(plan)
            return served_rate(server, case, rows) / raw_rate(graph, rows)


def raw_rate(graph: bytes, rows: Rows) -> float:
    """Return calls per second of processor time, in the best of several blocks."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    session = ort.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
    best = 0.0
    for _ in range(ROUNDS):
        start = time.thread_time()
        for _ in range(CALLS):
            session.run(["score"], {"features": rows})
        best = max(best, CALLS / (time.thread_time() - start))
    return best


def served_rate(server: ServerProcess, case: Case, rows: Rows) -> float:
    """Return requests per second of the server's processor time, under a closed loop."""
    program, port, wire = "load.py", server.port, request_bytes(case, rows)
    if case.form is Form.GRPC:
        program, port, wire = "grpc_load.py", server.grpc_port, request_message(rows)
    client = [sys.executable, str(Path(__file__).with_name(program))]
    client += [str(port), str(CONNECTIONS), str(SECONDS)]
    subprocess.run(client, input=wire, check=True, capture_output=True)
    before = processor_seconds(server)
    answered = subprocess.run(client, input=wire, check=True, capture_output=True)
    return int(answered.stdout) / (processor_seconds(server) - before)


def request_message(rows: Rows) -> bytes:
    """Return one gRPC message."""
    tensor = {"name": "features", "shape": list(rows.shape), "datatype": "FP32"}
    request = service_pb2.ModelInferRequest(
        model_name="m", inputs=[tensor], raw_input_contents=[rows.tobytes()]
    )
    return bytes(request.SerializeToString())


def request_bytes(case: Case, rows: Rows) -> bytes:
    """Return one HTTP request as it goes over the wire."""
    tensor: dict[str, object] = {"name": "features", "shape": list(rows.shape)}
    tensor["datatype"] = "FP32"
    extra, raw = b"content-type: application/json\r\n", b""
    if case.form is Form.BINARY:
        raw = rows.tobytes()
        parameters = {"binary_data_output": True}
        tensor["parameters"] = {"binary_data_size": len(raw)}
        header = json.dumps({"inputs": [tensor], "parameters": parameters}).encode()
        extra = b"inference-header-content-length: %d\r\n" % len(header)
    else:
        header = json.dumps({"inputs": [tensor | {"data": rows.ravel().tolist()}]}).encode()
    body = header + raw
    head = b"POST /v2/models/m/infer HTTP/1.1\r\nhost: bench\r\n"
    return head + extra + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def processor_seconds(server: ServerProcess) -> float:
    """Return the processor time that the server has used, user and system."""
    fields = Path(f"/proc/{server.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


if __name__ == "__main__":
    sys.exit(main())
