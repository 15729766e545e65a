"""Infer requests: body bytes to a validated `InferRequest`, for one signature.

Everything is checked before anything is allocated: names, datatypes, rank, fixed dimensions, the
product of the shape, sizes. Source: OIP v2 `inference_rest.md`, Triton `extension_binary_data.md`.
"""

import math

import orjson

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.binary_tensor import tensor_from_binary
from trimtab_stages.serve.oip.event_time import EVENT_TIME, event_time_from_parameter
from trimtab_stages.serve.oip.json_tensor import tensor_from_json
from trimtab_stages.serve.oip.tensors import (
    VARIABLE,
    InferRequest,
    Limits,
    RequestedOutput,
    Signature,
    Tensor,
    TensorSpec,
)

Document = dict[str, object]
"""A parsed JSON object."""

_SHOWN_NAME = 64
_NO_PARAMETERS: Document = {}


def read_document(body: bytes, header_length: int | None) -> Document:
    """Parse the JSON part of a body.

    Args:
        body: the whole body.
        header_length: `Inference-Header-Content-Length`, None when the body is JSON alone.

    Raises:
        InvalidRequestError: not a JSON object, or the header is longer than the body.
    """
    if header_length is not None and header_length > len(body):
        raise InvalidRequestError(
            f"Inference-Header-Content-Length is {header_length}, the body has {len(body)} bytes"
        )
    try:
        document = orjson.loads(body if header_length is None else memoryview(body)[:header_length])
    except orjson.JSONDecodeError as error:
        raise InvalidRequestError(f"body is not JSON: {error}") from None
    if type(document) is not dict:
        raise InvalidRequestError("body must be a JSON object")
    return document


def read_id(document: Document, limits: Limits) -> str | None:
    """Return the request's id, None when it has none."""
    identity = document.get("id")
    if identity is None:
        return None
    if type(identity) is not str or len(identity) > limits.id_characters:
        raise InvalidRequestError(
            f"`id` must be a string of at most {limits.id_characters} characters"
        )
    return identity


class InferRequestReader:
    """Reads requests for one signature; holds nothing of a request between calls."""

    def __init__(self, signature: Signature, limits: Limits) -> None:
        self._inputs = {spec.name: spec for spec in signature.inputs}
        self._outputs = {spec.name: spec for spec in signature.outputs}
        self._limits = limits
        self._common_rows = signature.common_rows
        self._all_json = tuple(RequestedOutput(spec, binary=False) for spec in signature.outputs)
        self._all_binary = tuple(RequestedOutput(spec, binary=True) for spec in signature.outputs)

    def read(self, document: Document, body: bytes, header_length: int | None) -> InferRequest:
        """Return the validated request.

        Args:
            document: `read_document` of the same body.
            body: the whole body; binary inputs are views of it.
            header_length: `Inference-Header-Content-Length`, None when the body is JSON alone.

        Raises:
            InvalidRequestError: anything that breaks the protocol or does not fit the signature.
        """
        parameters = _parameters(document, "request")
        inputs = self._read_inputs(document, body, header_length)
        rows = self._rows_of(inputs)
        event_time = inputs.pop(EVENT_TIME) if self._has_event_time_input(inputs) else None
        if event_time is None and EVENT_TIME in parameters:
            event_time = event_time_from_parameter(parameters[EVENT_TIME], rows)
        outputs = self._read_outputs(document.get("outputs"), parameters)
        return InferRequest(inputs, outputs, rows, event_time)

    def _rows_of(self, inputs: dict[str, Tensor]) -> int:
        sizes = {values.shape[0] for values in inputs.values() if values.ndim}
        if len(sizes) == 1:
            return int(sizes.pop())
        if self._common_rows:
            raise InvalidRequestError("inputs differ in their first dimension, the number of rows")
        return 1

    def _has_event_time_input(self, inputs: dict[str, Tensor]) -> bool:
        return EVENT_TIME in inputs and EVENT_TIME not in self._inputs

    def _read_inputs(
        self, document: Document, body: bytes, header_length: int | None
    ) -> dict[str, Tensor]:
        items = document.get("inputs")
        if type(items) is not list:
            raise InvalidRequestError("`inputs` must be a list of tensors")
        if len(items) > len(self._inputs) + 1:
            raise InvalidRequestError(
                f"{len(items)} inputs given, the model takes {len(self._inputs)}"
            )
        source = _TensorSource(body, header_length, self._limits)
        inputs: dict[str, Tensor] = {}
        for item in items:
            spec = self._spec_of(item)
            if spec.name in inputs:
                raise InvalidRequestError(f"input `{spec.name}` is given twice")
            inputs[spec.name] = source.read(item, spec)
        source.check_consumed()
        if not self._inputs.keys() <= inputs.keys():
            missing = ", ".join(f"`{name}`" for name in self._inputs if name not in inputs)
            raise InvalidRequestError(f"input {missing} is missing")
        return inputs

    def _spec_of(self, item: object) -> TensorSpec:
        if type(item) is not dict:
            raise InvalidRequestError("`inputs` must be a list of objects")
        name = item.get("name")
        if type(name) is not str:
            raise InvalidRequestError("an input's `name` must be a string")
        spec = self._inputs.get(name)
        if spec is not None:
            return spec
        if name == EVENT_TIME:
            return _EVENT_TIME_SPEC
        known = ", ".join(f"`{known}`" for known in self._inputs)
        raise InvalidRequestError(f"unknown input `{name[:_SHOWN_NAME]}`; the model takes {known}")

    def _read_outputs(self, items: object, parameters: Document) -> tuple[RequestedOutput, ...]:
        binary = _flag(parameters, "binary_data_output", default=False)
        if items is None:
            return self._all_binary if binary else self._all_json
        if type(items) is not list or not items:
            raise InvalidRequestError("`outputs` must be a list with at least one output")
        outputs = tuple(
            self._read_output(item, binary=binary) for item in items[: len(self._outputs) + 1]
        )
        if len({output.spec.name for output in outputs}) != len(items):
            raise InvalidRequestError("`outputs` names an output twice")
        return outputs

    def _read_output(self, item: object, *, binary: bool) -> RequestedOutput:
        name = item.get("name") if type(item) is dict else None
        if type(item) is not dict or type(name) is not str:
            raise InvalidRequestError("an output must be an object with a string `name`")
        spec = self._outputs.get(name)
        if spec is None:
            known = ", ".join(f"`{known}`" for known in self._outputs)
            raise InvalidRequestError(
                f"unknown output `{name[:_SHOWN_NAME]}`; the model gives {known}"
            )
        parameters = _parameters(item, name)
        if "classification" in parameters:
            raise InvalidRequestError("the classification extension is not supported")
        return RequestedOutput(spec, _flag(parameters, "binary_data", default=binary))


class _TensorSource:
    """Takes tensors from one body in order and keeps count of bytes and elements."""

    __slots__ = (
        "_binary_used",
        "_body",
        "_elements_left",
        "_limits",
        "_may_hold_booleans",
        "_position",
    )

    def __init__(self, body: bytes, header_length: int | None, limits: Limits) -> None:
        self._body = body
        self._position = len(body) if header_length is None else header_length
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
        size = _parameters(item, spec.name).get("binary_data_size")
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
            may_hold_booleans=b"true" in self._body or b"false" in self._body,
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
        self._position += size
        return values


_EVENT_TIME_SPEC = TensorSpec(EVENT_TIME, "INT64", (VARIABLE,))


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


def _parameters(item: Document, owner: str) -> Document:
    parameters = item.get("parameters")
    if parameters is None:
        return _NO_PARAMETERS
    if type(parameters) is not dict:
        raise InvalidRequestError(f"`parameters` of `{owner}` must be an object")
    return parameters


def _flag(parameters: Document, name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if type(value) is not bool:
        raise InvalidRequestError(f"parameter `{name}` must be true or false")
    return value
