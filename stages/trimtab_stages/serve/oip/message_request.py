"""Infer requests over gRPC: a message to what the reader of a version takes.

Source: OIP v2 `inference_grpc.md`, section "Inference".
"""

from collections.abc import Mapping
from typing import TypeVar

from google.protobuf.message import DecodeError, Message

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.binary_tensor import tensor_from_binary
from trimtab_stages.serve.oip.contents_tensor import tensor_from_contents
from trimtab_stages.serve.oip.messages import InferParameter, ModelInferRequest
from trimtab_stages.serve.oip.tensor_source import Document, TensorSource
from trimtab_stages.serve.oip.tensors import Limits, Tensor, TensorSpec

AnyMessage = TypeVar("AnyMessage", bound=Message)

BINARY_OUTPUT = "binary_data_output"
"""The binary extension's request parameter: overrides that a raw request is answered raw."""


def read_message(kind: type[AnyMessage], data: bytes) -> AnyMessage:
    """Parse a message.

    Raises:
        InvalidRequestError: the bytes are no message of this kind.
    """
    try:
        return kind.FromString(data)
    except DecodeError:
        raise InvalidRequestError(f"the request is no {kind.DESCRIPTOR.full_name}") from None


def document_of(message: ModelInferRequest) -> Document:
    """Return the request without its values, as JSON would say it."""
    parameters = _parameters(message.parameters)
    parameters.setdefault(BINARY_OUTPUT, len(message.raw_input_contents) > 0)
    document: Document = {
        "id": message.id or None,
        "parameters": parameters,
        "inputs": [
            {
                "name": tensor.name,
                "datatype": tensor.datatype,
                "shape": list(tensor.shape),
            }
            for tensor in message.inputs
        ],
    }
    if message.outputs:
        document["outputs"] = [
            {"name": output.name, "parameters": _parameters(output.parameters)}
            for output in message.outputs
        ]
    return document


class MessageSource(TensorSource):
    """Takes tensors from one message: all raw, or all typed."""

    def __init__(self, message: ModelInferRequest, limits: Limits) -> None:
        """Check that the message is of one form.

        Raises:
            InvalidRequestError: raw entries that are not one for each input, or typed contents
                beside them.
        """
        super().__init__(limits)
        self._message = message
        self._raw = message.raw_input_contents
        self._is_raw = len(self._raw) > 0
        self._taken = 0
        if not self._is_raw:
            return
        if len(self._raw) != len(message.inputs):
            raise InvalidRequestError(
                f"`raw_input_contents` has {len(self._raw)} entries for {len(message.inputs)} "
                "inputs; send one for each, in their order"
            )
        if any(tensor.HasField("contents") for tensor in message.inputs):
            raise InvalidRequestError(
                "`raw_input_contents` and `contents` are both given; send one of them"
            )

    def check_consumed(self) -> None:
        """Nothing is left: raw entries are counted at the start, typed ones belong to inputs."""

    def _values(self, item: Document, spec: TensorSpec, shape: tuple[int, ...]) -> Tensor:
        del item
        index = self._taken
        self._taken += 1
        if self._is_raw:
            entry = self._raw[index]
            return tensor_from_binary(entry, 0, len(entry), spec, shape)
        return tensor_from_contents(self._message.inputs[index].contents, spec, shape)


def _parameters(parameters: Mapping[str, InferParameter]) -> Document:
    if not parameters:
        return {}
    return {name: _value(parameter) for name, parameter in parameters.items()}


def _value(parameter: InferParameter) -> object:
    chosen = parameter.WhichOneof("parameter_choice")
    return None if chosen is None else getattr(parameter, chosen)
