"""Calls of the inference protocol over gRPC, in a client's own messages."""

from collections.abc import Callable
from typing import Any

import grpc
import numpy as np
import pytest
from numpy.typing import NDArray
from tritonclient.grpc import service_pb2

from support.serving import ServerProcess


def open_channel(server: ServerProcess) -> grpc.Channel:
    """Open a connection to a server."""
    # Each test has a connection of its own, and takes as much as the server may send.
    options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
    return grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}", options)


def typed(rows: NDArray[np.float32], **members: Any) -> service_pb2.ModelInferRequest:
    """Return a request with typed contents for model `m`."""
    tensor: dict[str, Any] = {"name": "features", "datatype": "FP32", "shape": list(rows.shape)}
    tensor["contents"] = {"fp32_contents": rows.ravel().tolist()}
    return service_pb2.ModelInferRequest(**{"model_name": "m", "inputs": [tensor]} | members)


def raw(data: bytes, **members: Any) -> service_pb2.ModelInferRequest:
    """Return a request with one raw tensor, a row of four unless `inputs` says otherwise."""
    tensor = {"name": "features", "datatype": "FP32", "shape": [1, 4]}
    return service_pb2.ModelInferRequest(
        **{"model_name": "m", "inputs": [tensor], "raw_input_contents": [data]} | members
    )


def refused(call: Callable[[], Any]) -> grpc.RpcError:
    """Return the error that a call ends with."""
    with pytest.raises(grpc.RpcError) as caught:
        call()
    return caught.value
