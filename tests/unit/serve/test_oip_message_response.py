"""Infer responses over gRPC: all raw or all typed, in the order asked for."""

import numpy as np
import pytest

from trimtab_stages.serve.oip.message_response import encode_message
from trimtab_stages.serve.oip.messages import ModelInferResponse
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import RequestedOutput, Tensor, TensorSpec

HEAD = ResponseHead(model="m", version="v", id="7", parameters={})
RESULTS: dict[str, Tensor] = {
    "score": np.array([[0.5, np.nan]], np.float32),
    "label": np.array(["é"], dtype=object),
    "half": np.array([1.5], np.float16),
}
SPECS = {
    "score": TensorSpec("score", "FP32", (-1, 2)),
    "label": TensorSpec("label", "BYTES", (-1,)),
    "half": TensorSpec("half", "FP16", (-1,)),
}


def encoded(*wanted: tuple[str, bool], head: ResponseHead = HEAD) -> ModelInferResponse:
    outputs = tuple(RequestedOutput(SPECS[name], binary=binary) for name, binary in wanted)
    return ModelInferResponse.FromString(encode_message(head, outputs, RESULTS))


def test_the_head_is_there() -> None:
    response = encoded(("score", False))

    assert (response.model_name, response.model_version, response.id) == ("m", "v", "7")
    assert not response.parameters


def test_an_absent_id_and_version_stay_absent_and_parameters_are_strings() -> None:
    head = ResponseHead(model="m", version=None, id=None, parameters={"p": "q"})
    response = encoded(("score", False), head=head)

    assert (response.model_version, response.id) == ("", "")
    assert response.parameters["p"].string_param == "q"


def test_typed_outputs_stand_in_the_order_asked_for() -> None:
    response = encoded(("label", False), ("score", False))

    assert [(o.name, o.datatype, list(o.shape)) for o in response.outputs] == [
        ("label", "BYTES", [1]),
        ("score", "FP32", [1, 2]),
    ]
    assert response.outputs[0].contents.bytes_contents == ["é".encode()]
    assert np.array_equal(response.outputs[1].contents.fp32_contents, [0.5, np.nan], equal_nan=True)
    assert not response.raw_output_contents


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param((("label", True), ("score", True)), id="all asked for raw"),
        pytest.param((("label", True), ("score", False)), id="one asked for raw"),
        pytest.param((("half", False), ("score", False)), id="one has no typed form"),
    ],
)
def test_a_response_is_raw_as_a_whole(wanted: tuple[tuple[str, bool], ...]) -> None:
    response = encoded(*wanted)
    raw = {
        "score": RESULTS["score"].tobytes(),
        "half": RESULTS["half"].tobytes(),
        "label": b"\x02\0\0\0" + "é".encode(),
    }

    assert list(response.raw_output_contents) == [raw[name] for name, _ in wanted]
    assert not any(output.HasField("contents") for output in response.outputs)
