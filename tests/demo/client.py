"""A client of the served model: the field's own library, over the Open Inference Protocol."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import tritonclient.http as triton
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Integers = NDArray[np.int64]


def ask(address: str, model: str, inputs: Floats, time_ns: Integers, batch: int) -> Integers:
    """Ask for all rows in batches and return the decisions, [n]."""
    answers = _answers(address, model, inputs, time_ns, batch)
    return np.concatenate([answer.as_numpy("decision").astype(np.int64) for answer in answers])


def ask_scores(
    address: str, model: str, inputs: Floats, time_ns: Integers, batch: int, *, binary: bool
) -> Floats:
    """Ask for all rows in batches and return the scores, [n].

    Args:
        address: `host:port`.
        model: name of the model.
        inputs: the tensor `features`, [n, F].
        time_ns: event times, nanoseconds since 1970 UTC, [n].
        batch: rows of a request.
        binary: tensors go both ways as bytes, else as JSON numbers.
    """
    answers = _answers(address, model, inputs, time_ns, batch, binary=binary)
    return np.concatenate([_scores(answer, binary=binary) for answer in answers])


def _scores(answer: Any, *, binary: bool) -> Floats:
    output = answer.get_output("score")
    if (output["datatype"], "data" not in output) != ("FP32", binary):
        raise ValueError(f"`score` came in another form than it was asked for: {list(output)}")
    scores: Floats = answer.as_numpy("score")
    return scores


def _answers(
    address: str, model: str, inputs: Floats, time_ns: Integers, batch: int, *, binary: bool = True
) -> Iterator[Any]:
    outputs = [triton.InferRequestedOutput(name, binary) for name in ("score", "decision")]
    patience = {"network_timeout": 30, "connection_timeout": 30}
    with triton.InferenceServerClient(address, **patience) as client:
        for first in range(0, len(inputs), batch):
            rows = slice(first, first + batch)
            tensor = triton.InferInput("features", list(inputs[rows].shape), "FP32")
            tensor.set_data_from_numpy(np.ascontiguousarray(inputs[rows]), binary)
            parameters = {"event_time": int(time_ns[rows][0])}
            yield client.infer(model, [tensor], outputs=outputs, parameters=parameters)
