"""A client of the served model: the field's own library, over the Open Inference Protocol."""

import numpy as np
import tritonclient.http as triton
from numpy.typing import NDArray


def ask(
    address: str, model: str, inputs: NDArray[np.float32], time_ns: NDArray[np.int64], batch: int
) -> NDArray[np.int64]:
    """Ask for all rows in batches and return the decisions, [n]."""
    client = triton.InferenceServerClient(address, network_timeout=30, connection_timeout=30)
    decided = []
    for first in range(0, len(inputs), batch):
        rows = slice(first, first + batch)
        tensor = triton.InferInput("features", list(inputs[rows].shape), "FP32")
        tensor.set_data_from_numpy(np.ascontiguousarray(inputs[rows]))
        answer = client.infer(model, [tensor], parameters={"event_time": int(time_ns[rows][0])})
        decided.append(answer.as_numpy("decision").astype(np.int64))
    client.close()
    return np.concatenate(decided)
