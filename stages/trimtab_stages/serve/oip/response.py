"""Infer responses: typed results to bytes, in JSON or with the binary tensor extension."""

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from trimtab_stages.serve.oip.binary_tensor import tensor_to_binary
from trimtab_stages.serve.oip.json_tensor import check_finite, may_hold, tensor_to_json
from trimtab_stages.serve.oip.tensors import RequestedOutput, Tensor


@dataclass(slots=True)
class EncodedResponse:
    """A response body.

    Attributes:
        body: JSON, or JSON followed by raw tensors.
        header_length: length of the JSON part when raw tensors follow, None for JSON alone.
    """

    body: bytes
    header_length: int | None


@dataclass(slots=True)
class ResponseHead:
    """What a response says beside its tensors.

    Attributes:
        model: model name.
        version: version that answered, None to leave it out.
        id: the request's id, echoed; None when the request had none.
        parameters: response parameters; left out when empty.
    """

    model: str
    version: str | None
    id: str | None
    parameters: Mapping[str, object]


def encode_response(
    head: ResponseHead, wanted: tuple[RequestedOutput, ...], results: Mapping[str, Tensor]
) -> EncodedResponse:
    """Return the body for the outputs wanted, in their order.

    Raises:
        InvalidRequestError: an FP16 or BF16 output was asked for in JSON.
        InferenceFailedError: a value has no JSON form.
    """
    document: dict[str, object] = {"model_name": head.model}
    if head.version is not None:
        document["model_version"] = head.version
    if head.id is not None:
        document["id"] = head.id
    if head.parameters:
        document["parameters"] = head.parameters
    raw: list[bytes] = []
    document["outputs"] = [_output(output, results[output.spec.name], raw) for output in wanted]
    header = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    if may_hold(header, len(header), b"null"):
        for output in wanted:
            if not output.binary:
                check_finite(results[output.spec.name], output.spec.name, output.spec.datatype)
    if not raw and not any(output.binary for output in wanted):
        return EncodedResponse(header, None)
    return EncodedResponse(b"".join((header, *raw)), len(header))


def _output(output: RequestedOutput, values: Tensor, raw: list[bytes]) -> dict[str, object]:
    spec = output.spec
    entry: dict[str, object] = {"name": spec.name, "datatype": spec.datatype, "shape": values.shape}
    if output.binary:
        data = tensor_to_binary(values, spec.datatype)
        entry["parameters"] = {"binary_data_size": len(data)}
        raw.append(data)
    else:
        entry["data"] = tensor_to_json(values, spec.name, spec.datatype)
    return entry
