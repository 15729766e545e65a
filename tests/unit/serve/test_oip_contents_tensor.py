"""Typed contents to tensors and back: exact bits, or a refusal in words."""

from typing import Any

import numpy as np
import pytest

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.contents_tensor import fill_contents, tensor_from_contents
from trimtab_stages.serve.oip.datatypes import BINARY_ONLY, CONTENTS_FIELDS, NUMPY_DTYPES
from trimtab_stages.serve.oip.messages import InferTensorContents
from trimtab_stages.serve.oip.tensors import Tensor, TensorSpec

NUMBERS = sorted(set(CONTENTS_FIELDS) - {"BYTES"})


def spec(datatype: str) -> TensorSpec:
    return TensorSpec("x", datatype, (-1, 2))


def extremes(datatype: str) -> Tensor:
    dtype = NUMPY_DTYPES[datatype]
    if dtype.kind == "b":
        return np.array([[True, False]])
    limits: Any = np.finfo(dtype.str) if dtype.kind == "f" else np.iinfo(dtype.str)
    return np.array([[limits.min, limits.max], [0, 1]], dtype)


@pytest.mark.parametrize("datatype", NUMBERS)
def test_a_tensor_comes_back_with_its_bits(datatype: str) -> None:
    values = extremes(datatype)
    contents = InferTensorContents()
    fill_contents(contents, values, datatype)
    parsed = InferTensorContents.FromString(contents.SerializeToString())
    back = tensor_from_contents(parsed, spec(datatype), values.shape)

    assert [field.name for field, _ in parsed.ListFields()] == [CONTENTS_FIELDS[datatype]]
    assert back.dtype == NUMPY_DTYPES[datatype]
    assert back.tobytes() == values.tobytes()


@pytest.mark.parametrize("datatype", ["FP32", "FP64"])
def test_nan_and_infinity_come_back(datatype: str) -> None:
    values = np.array([[np.nan, np.inf]], NUMPY_DTYPES[datatype])
    contents = InferTensorContents()
    fill_contents(contents, values, datatype)

    back = tensor_from_contents(contents, spec(datatype), (1, 2))

    assert np.array_equal(back, values, equal_nan=True)


def test_strings_come_back() -> None:
    values = np.array([["€", ""]], dtype=object)
    contents = InferTensorContents()
    fill_contents(contents, values, "BYTES")

    assert contents.bytes_contents == ["€".encode(), b""]
    assert tensor_from_contents(contents, spec("BYTES"), (1, 2)).tolist() == [["€", ""]]


def test_an_empty_batch_comes_back() -> None:
    empty = tensor_from_contents(InferTensorContents(), spec("INT8"), (0, 2))

    assert (empty.shape, empty.dtype) == ((0, 2), np.dtype("<i1"))


@pytest.mark.parametrize(
    ("datatype", "contents", "fragment"),
    [
        pytest.param("FP32", {}, "0 elements given, shape [1, 2] needs 2", id="no elements"),
        pytest.param("FP32", {"fp32_contents": [1]}, "1 elements", id="too few"),
        pytest.param("FP32", {"fp32_contents": [1, 2, 3]}, "3 elements", id="too many"),
        pytest.param(
            "FP32", {"fp64_contents": [1, 2]}, "belongs in `fp32_contents`", id="other field"
        ),
        pytest.param(
            "FP32",
            {"fp32_contents": [1, 2], "int_contents": [1]},
            "and nowhere else",
            id="second field",
        ),
        pytest.param("INT8", {"int_contents": [128, 0]}, "out of INT8's range", id="INT8 above"),
        pytest.param("INT8", {"int_contents": [-129, 0]}, "out of INT8's range", id="INT8 below"),
        pytest.param("INT16", {"int_contents": [2**15, 0]}, "out of INT16's", id="INT16 above"),
        pytest.param("UINT8", {"uint_contents": [256, 0]}, "out of UINT8's", id="UINT8 above"),
        pytest.param("UINT16", {"uint_contents": [2**16, 0]}, "out of UINT16's", id="UINT16"),
        pytest.param("BYTES", {"bytes_contents": [b"\xff", b""]}, "UTF-8", id="not UTF-8"),
        *(
            pytest.param(name, {"fp32_contents": [1, 2]}, "`raw_input_contents`", id=name)
            for name in sorted(BINARY_ONLY)
        ),
    ],
)
def test_refuses(datatype: str, contents: dict[str, Any], fragment: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        tensor_from_contents(InferTensorContents(**contents), spec(datatype), (1, 2))

    assert fragment in refused.value.message
