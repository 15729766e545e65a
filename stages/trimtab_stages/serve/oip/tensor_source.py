"""Takes the input tensors of one request out of its body or message, in order."""

import math
from abc import ABC, abstractmethod

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.binary_tensor import tensor_from_binary
from trimtab_stages.serve.oip.json_tensor import may_hold_booleans, tensor_from_json
from trimtab_stages.serve.oip.tensors import VARIABLE, Limits, Tensor, TensorSpec

Document = dict[str, object]
"""A parsed JSON object."""

Place = tuple[TensorSpec, int, int, tuple[int, ...]]
"""A binary tensor: declaration, first byte behind the header, bytes, shape."""

_SHOWN_NAME = 64
_NO_PARAMETERS: Document = {}


class TensorSource(ABC):
    """Takes tensors in order, checks what they say of themselves, and counts their elements."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._elements_left = limits.elements

    def read(self, item: Document, spec: TensorSpec) -> Tensor:
        """Return the tensor that `item` describes."""
        if item.get("datatype") != spec.datatype:
            raise InvalidRequestError(f"input `{spec.name}`: datatype must be {spec.datatype}")
        shape = _shape(item.get("shape"), spec)
        self._elements_left -= math.prod(shape)
        if self._elements_left < 0:
            raise InvalidRequestError(f"more than {self._limits.elements} elements in one request")
        return self._values(item, spec, shape)

    @abstractmethod
    def check_consumed(self) -> None:
        """Refuse data that belongs to no tensor."""

    @abstractmethod
    def _values(self, item: Document, spec: TensorSpec, shape: tuple[int, ...]) -> Tensor:
        """Return the next tensor; its datatype and shape are checked."""


class BodySource(TensorSource):
    """Takes tensors from one HTTP body and keeps count of its bytes.

    Attributes:
        places: where the binary tensors were.
    """

    def __init__(self, body: bytes, header_length: int | None, limits: Limits) -> None:
        super().__init__(limits)
        self._body = body
        self._start = len(body) if header_length is None else header_length
        self._position = self._start
        self.places: list[Place] = []

    def _values(self, item: Document, spec: TensorSpec, shape: tuple[int, ...]) -> Tensor:
        size = read_parameters(item, spec.name).get("binary_data_size")
        if size is None:
            return self._read_json(item, spec, shape)
        if type(size) is not int or size < 0:
            raise InvalidRequestError(
                f"input `{spec.name}`: `binary_data_size` must be a whole number of bytes"
            )
        return self._read_binary(item, spec, shape, size)

    def check_consumed(self) -> None:
        """Refuse bytes that belong to no tensor."""
        left = len(self._body) - self._position
        if left:
            raise InvalidRequestError(f"{left} bytes behind the last binary tensor")

    def _read_json(self, item: Document, spec: TensorSpec, shape: tuple[int, ...]) -> Tensor:
        if "data" not in item:
            raise InvalidRequestError(
                f"input `{spec.name}`: neither `data` nor `binary_data_size` is given"
            )
        return tensor_from_json(
            item["data"],
            spec.name,
            spec.datatype,
            shape,
            booleans=may_hold_booleans(self._body, self._start),
        )

    def _read_binary(
        self, item: Document, spec: TensorSpec, shape: tuple[int, ...], size: int
    ) -> Tensor:
        if "data" in item:
            raise InvalidRequestError(
                f"input `{spec.name}`: has both `data` and `binary_data_size`; send one"
            )
        left = len(self._body) - self._position
        if size > left:
            raise InvalidRequestError(
                f"input `{spec.name}`: `binary_data_size` is {size}, only {left} bytes are left"
            )
        values = tensor_from_binary(self._body, self._position, size, spec, shape)
        self.places.append((spec, self._position - self._start, size, shape))
        self._position += size
        return values


def _shape(given: object, spec: TensorSpec) -> tuple[int, ...]:
    if type(given) is not list:
        raise InvalidRequestError(f"input `{spec.name}`: `shape` must be a list of whole numbers")
    if len(given) != len(spec.shape):
        raise InvalidRequestError(
            f"input `{spec.name}`: {len(given)} dimensions given, the model takes {len(spec.shape)}"
        )
    for size, declared in zip(given, spec.shape, strict=True):
        if type(size) is not int:
            raise InvalidRequestError(
                f"input `{spec.name}`: `shape` must be a list of whole numbers"
            )
        if size < 0 or declared not in (VARIABLE, size):
            raise InvalidRequestError(
                f"input `{spec.name}`: shape {_shown(given)} does not fit {list(spec.shape)} "
                "(-1 is any size)"
            )
    return tuple(given)


def _shown(shape: list[int]) -> str:
    return str(shape)[:_SHOWN_NAME]


def read_parameters(item: Document, owner: str) -> Document:
    """Return the `parameters` member of a request, an input or an output; {} when absent."""
    parameters = item.get("parameters")
    if parameters is None:
        return _NO_PARAMETERS
    if type(parameters) is not dict:
        raise InvalidRequestError(f"`parameters` of `{owner}` must be an object")
    return parameters
