"""Typed requests and results between the codec and the model."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Tensor = NDArray[Any]
"""A tensor's values; strings are `object` arrays of `str`."""

VARIABLE = -1
"""A dimension that the request chooses."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """Declared name, datatype and shape of a model's input or output.

    Attributes:
        name: the tensor's name in the graph.
        datatype: OIP datatype, for example FP32.
        shape: dimensions, `VARIABLE` (-1) where the request chooses.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]

    def to_wire(self) -> dict[str, object]:
        """Return the metadata form `{name, datatype, shape}`."""
        return {"name": self.name, "datatype": self.datatype, "shape": list(self.shape)}


@dataclass(frozen=True, slots=True)
class Signature:
    """Everything that a version takes and gives.

    Attributes:
        inputs: the graph's inputs, in its order.
        outputs: the graph's outputs, in its order, and `decision` where the server adds it.
        common_rows: all first dimensions are the same variable one: the rows.
    """

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    common_rows: bool = False


@dataclass(frozen=True, slots=True)
class RequestedOutput:
    """One output that the client wants.

    Attributes:
        spec: the declared output.
        binary: True for raw bytes behind the JSON header.
    """

    spec: TensorSpec
    binary: bool


@dataclass(slots=True)
class InferRequest:
    """A validated request: names, datatypes, shapes and sizes fit the signature.

    Attributes:
        inputs: input name -> values, in row-major order.
        outputs: wanted outputs in the order asked for.
        rows: size of the inputs' common first dimension; 1 where they have none.
        event_time: int64 [rows] or [] nanoseconds since the epoch in UTC; None when absent.
    """

    inputs: dict[str, Tensor]
    outputs: tuple[RequestedOutput, ...]
    rows: int
    event_time: NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on what one request may hold.

    Attributes:
        elements: most elements in one request's input tensors, all together.
        id_characters: longest request id.
    """

    elements: int = 16_000_000
    id_characters: int = 256
