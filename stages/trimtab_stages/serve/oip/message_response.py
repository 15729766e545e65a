"""Infer responses over gRPC: typed results to a message's bytes, all raw or all typed."""

from collections.abc import Mapping

from trimtab_stages.serve.oip.binary_tensor import tensor_to_binary
from trimtab_stages.serve.oip.contents_tensor import fill_contents
from trimtab_stages.serve.oip.datatypes import BINARY_ONLY
from trimtab_stages.serve.oip.messages import ModelInferResponse
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import RequestedOutput, Tensor


def encode_message(
    head: ResponseHead, wanted: tuple[RequestedOutput, ...], results: Mapping[str, Tensor]
) -> bytes:
    """Return the message for the outputs wanted, in their order.

    The whole response is raw when one output is asked for raw, or can only be.
    """
    response = ModelInferResponse(model_name=head.model, model_version=head.version, id=head.id)
    for name, value in head.parameters.items():
        response.parameters[name].string_param = str(value)
    raw = any(output.binary or output.spec.datatype in BINARY_ONLY for output in wanted)
    for output in wanted:
        spec, values = output.spec, results[output.spec.name]
        entry = response.outputs.add(name=spec.name, datatype=spec.datatype, shape=values.shape)
        if raw:
            response.raw_output_contents.append(tensor_to_binary(values, spec.datatype))
        else:
            fill_contents(entry.contents, values, spec.datatype)
    return response.SerializeToString()
