"""Infer responses and metadata documents."""

import numpy as np
import orjson
import pytest

from trimtab_stages.serve.errors import InferenceFailedError, InvalidRequestError
from trimtab_stages.serve.oip import metadata
from trimtab_stages.serve.oip.datatypes import NUMPY_DTYPES, ONNX_DATATYPES
from trimtab_stages.serve.oip.request import InferRequestReader, read_document
from trimtab_stages.serve.oip.response import ResponseHead, encode_response
from trimtab_stages.serve.oip.tensors import (
    Limits,
    RequestedOutput,
    Signature,
    Tensor,
    TensorSpec,
)

HEAD = ResponseHead("m", "v", "id-1", {})


def wanted(datatype: str, *, binary: bool, name: str = "y") -> RequestedOutput:
    return RequestedOutput(TensorSpec(name, datatype, (-1, 2)), binary)


def test_json_response_has_the_protocols_members_in_order() -> None:
    scores = np.array([[0.1, 0.2]], np.float32)
    encoded = encode_response(HEAD, (wanted("FP32", binary=False),), {"y": scores})

    assert encoded.header_length is None
    assert encoded.body == (
        b'{"model_name":"m","model_version":"v","id":"id-1",'
        b'"outputs":[{"name":"y","datatype":"FP32","shape":[1,2],"data":[0.1,0.2]}]}'
    )


def test_absent_id_is_not_invented() -> None:
    head = ResponseHead("m", None, None, {"trimtab_inference_id": "a"})
    encoded = encode_response(head, (), {})

    assert orjson.loads(encoded.body) == {
        "model_name": "m",
        "parameters": {"trimtab_inference_id": "a"},
        "outputs": [],
    }


def test_binary_outputs_follow_the_header_in_the_order_asked_for() -> None:
    first, second = np.array([[1, 2]], np.float32), np.array([[3, 4]], np.int64)
    outputs = (
        wanted("INT64", binary=True, name="b"),
        wanted("FP32", binary=False, name="c"),
        wanted("FP32", binary=True, name="a"),
    )
    encoded = encode_response(HEAD, outputs, {"a": first, "b": second, "c": first})

    assert encoded.header_length is not None
    header = orjson.loads(encoded.body[: encoded.header_length])
    assert [output["name"] for output in header["outputs"]] == ["b", "c", "a"]
    assert header["outputs"][0]["parameters"] == {"binary_data_size": 16}
    assert "data" not in header["outputs"][0]
    assert header["outputs"][1]["data"] == [1.0, 2.0]
    assert encoded.body[encoded.header_length :] == second.tobytes() + first.tobytes()


@pytest.mark.parametrize("datatype", [*sorted(NUMPY_DTYPES), "BYTES"])
@pytest.mark.parametrize("binary", [True, False], ids=["binary", "json"])
def test_what_a_response_carries_a_request_reads_back_bit_for_bit(
    datatype: str, *, binary: bool
) -> None:
    values = sample(datatype)
    output = RequestedOutput(TensorSpec("x", datatype, (-1, 2)), binary)
    if datatype == "FP16" and not binary:
        with pytest.raises(InvalidRequestError, match="no JSON form"):
            encode_response(HEAD, (output,), {"x": values})
        return
    encoded = encode_response(HEAD, (output,), {"x": values})
    body = encoded.body.replace(b'"outputs"', b'"inputs" ', 1)

    signature = Signature((TensorSpec("x", datatype, (-1, 2)),), (), common_rows=True)
    document = read_document(body, encoded.header_length)
    request = InferRequestReader(signature, Limits()).read(document, body, encoded.header_length)

    assert request.inputs["x"].tolist() == values.tolist()
    assert request.inputs["x"].dtype == values.dtype


def sample(datatype: str) -> Tensor:
    if datatype == "BYTES":
        return np.array([["é", ""], ["a\x00b", "日本"]], dtype=object)
    dtype = NUMPY_DTYPES[datatype]
    if dtype.kind == "b":
        return np.array([[True, False]])
    if dtype.kind in "iu":
        limits = np.iinfo(dtype.str)
        return np.array([[limits.min, limits.max]], dtype)
    values = np.random.default_rng(0).standard_normal((500, 2)) * 10.0 ** np.arange(-2, 0)
    return values.astype(dtype)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_values_that_json_cannot_carry_are_named_not_shown(value: float) -> None:
    values = np.array([[1.0, value]], np.float32)

    with pytest.raises(InferenceFailedError, match="output `y` holds NaN or infinity"):
        encode_response(HEAD, (wanted("FP32", binary=False),), {"y": values})
    assert encode_response(HEAD, (wanted("FP32", binary=True),), {"y": values}).body.endswith(
        values.tobytes()
    )


def test_model_metadata_has_minus_one_for_variable_dimensions() -> None:
    signature = Signature(
        (TensorSpec("x", "FP32", (-1, 4)),), (TensorSpec("y", "INT64", (-1,)),), common_rows=True
    )

    assert metadata.model_metadata("m", ["a", "b"], signature) == {
        "name": "m",
        "versions": ["a", "b"],
        "platform": "onnx_onnxv1",
        "inputs": [{"name": "x", "datatype": "FP32", "shape": [-1, 4]}],
        "outputs": [{"name": "y", "datatype": "INT64", "shape": [-1]}],
    }


def test_server_metadata_has_all_required_members() -> None:
    document = metadata.server_metadata("1.2")

    assert document["name"] == "trimtab"
    assert document["version"] == "1.2"
    assert "binary_tensor_data" in document["extensions"]  # type: ignore[operator] # a list


def test_every_datatype_of_the_protocol_has_an_onnx_type() -> None:
    assert set(ONNX_DATATYPES.values()) == {*NUMPY_DTYPES, "BYTES", "BF16"}
