"""Infer requests: body bytes to a validated `InferRequest`, for one signature.

Everything is checked before anything is allocated: names, datatypes, rank, fixed dimensions, the
product of the shape, sizes. Source: OIP v2 `inference_rest.md`, Triton `extension_binary_data.md`.
"""

from dataclasses import dataclass, replace

import orjson

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.binary_tensor import tensor_from_binary
from trimtab_stages.serve.oip.event_time import EVENT_TIME, event_time_from_parameter
from trimtab_stages.serve.oip.tensor_source import (
    BodySource,
    Document,
    Place,
    TensorSource,
    read_parameters,
)
from trimtab_stages.serve.oip.tensors import (
    VARIABLE,
    InferRequest,
    Limits,
    RequestedOutput,
    Signature,
    Tensor,
    TensorSpec,
)

_SHOWN_NAME = 64

KNOWN_HEADERS = 256
KNOWN_HEADER_BYTES = 2048
"""Bounds on the headers that are remembered: 512 KiB together."""


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


@dataclass(frozen=True, slots=True)
class KnownHeader:
    """A binary request's header that has been checked before.

    Attributes:
        places: every input's declaration, first byte behind the header, bytes and shape.
        size: bytes behind the header.
        outputs: outputs wanted.
        rows: rows in the inputs.
    """

    places: tuple[Place, ...]
    size: int
    outputs: tuple[RequestedOutput, ...]
    rows: int


class InferRequestReader:
    """Reads requests for one signature.

    Clients of the binary extension repeat their headers byte by byte; those without an id or an
    event time are remembered, so that checking them again costs one look-up.

    Attributes:
        limits: bounds on one request.
    """

    def __init__(self, signature: Signature, limits: Limits) -> None:
        self._known: dict[bytes, KnownHeader] = {}
        self._inputs = {spec.name: spec for spec in signature.inputs}
        self._outputs = {spec.name: spec for spec in signature.outputs}
        self.limits = limits
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
        source = BodySource(body, header_length, self.limits)
        request = self.read_from(document, source)
        if header_length is not None and request.event_time is None and "id" not in document:
            self._remember(
                body, header_length, source, KnownHeader((), 0, request.outputs, request.rows)
            )
        return request

    def read_from(self, document: Document, source: TensorSource) -> InferRequest:
        """Return the validated request.

        Args:
            document: the request without its values.
            source: its values.

        Raises:
            InvalidRequestError: anything that breaks the protocol or does not fit the signature.
        """
        parameters = read_parameters(document, "request")
        inputs = self._read_inputs(document, source)
        rows = self._rows_of(inputs)
        event_time = inputs.pop(EVENT_TIME) if self._has_event_time_input(inputs) else None
        if event_time is not None and (event_time < 0).any():
            raise InvalidRequestError(f"input `{EVENT_TIME}` must be nanoseconds since 1970 in UTC")
        if event_time is None and EVENT_TIME in parameters:
            event_time = event_time_from_parameter(parameters[EVENT_TIME], rows)
        outputs = self._read_outputs(document.get("outputs"), parameters)
        return InferRequest(inputs, outputs, rows, event_time)

    def read_known(self, body: bytes, header_length: int) -> InferRequest | None:
        """Return the request if its header has been read before, else None."""
        known = self._known.get(body[:header_length])
        if known is None or len(body) - header_length != known.size:
            return None
        inputs = {
            spec.name: tensor_from_binary(body, header_length + start, size, spec, shape)
            for spec, start, size, shape in known.places
        }
        return InferRequest(inputs, known.outputs, known.rows)

    def _remember(
        self, body: bytes, header_length: int, source: BodySource, header: KnownHeader
    ) -> None:
        if len(source.places) != len(self._inputs) or header_length > KNOWN_HEADER_BYTES:
            return
        if len(self._known) >= KNOWN_HEADERS:
            self._known.clear()
        size = len(body) - header_length
        known = replace(header, places=tuple(source.places), size=size)
        self._known[body[:header_length]] = known

    def _rows_of(self, inputs: dict[str, Tensor]) -> int:
        sizes = {values.shape[0] for values in inputs.values() if values.ndim}
        if len(sizes) == 1:
            return int(sizes.pop())
        if self._common_rows:
            raise InvalidRequestError("inputs differ in their first dimension, the number of rows")
        return 1

    def _has_event_time_input(self, inputs: dict[str, Tensor]) -> bool:
        return EVENT_TIME in inputs and EVENT_TIME not in self._inputs

    def _read_inputs(self, document: Document, source: TensorSource) -> dict[str, Tensor]:
        items = document.get("inputs")
        if type(items) is not list:
            raise InvalidRequestError("`inputs` must be a list of tensors")
        if len(items) > len(self._inputs) + 1:
            raise InvalidRequestError(
                f"{len(items)} inputs given, the model takes {len(self._inputs)}"
            )
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
        parameters = read_parameters(item, name)
        if "classification" in parameters:
            raise InvalidRequestError("the classification extension is not supported")
        return RequestedOutput(spec, _flag(parameters, "binary_data", default=binary))


_EVENT_TIME_SPEC = TensorSpec(EVENT_TIME, "INT64", (VARIABLE,))


def _flag(parameters: Document, name: str, *, default: bool) -> bool:
    value = parameters.get(name, default)
    if type(value) is not bool:
        raise InvalidRequestError(f"parameter `{name}` must be true or false")
    return value
