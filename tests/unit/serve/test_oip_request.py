"""Infer requests: what is read, and what is refused with which words."""

from typing import Any

import numpy as np
import orjson
import pytest

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.datatypes import NUMPY_DTYPES, STRUCT_CODES
from trimtab_stages.serve.oip.json_tensor import may_hold_booleans
from trimtab_stages.serve.oip.request import InferRequestReader, read_document, read_id
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, Signature, TensorSpec

LIMITS = Limits(elements=1000, id_characters=16)


def signature(datatype: str = "FP32", shape: tuple[int, ...] = (-1, 2)) -> Signature:
    outputs = (TensorSpec("y", "FP32", (-1,)), TensorSpec("z", "INT64", (-1,)))
    return Signature((TensorSpec("x", datatype, shape),), outputs, common_rows=True)


def tensor(**changes: Any) -> dict[str, Any]:
    given = {"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1.0, 2.0]} | changes
    return {key: value for key, value in given.items() if value is not None}


def read(
    document: Any,
    *,
    sig: Signature | None = None,
    raw: bytes | None = None,
    limits: Limits = LIMITS,
) -> InferRequest:
    header = document if isinstance(document, bytes) else orjson.dumps(document)
    length = None if raw is None else len(header)
    body = header + (raw or b"")
    return InferRequestReader(sig or signature(), limits).read(
        read_document(body, length), body, length
    )


def binary(size: int, **changes: Any) -> dict[str, Any]:
    return tensor(data=None, parameters={"binary_data_size": size}, **changes)


@pytest.mark.parametrize(
    ("document", "fragment"),
    [
        pytest.param(b"", "not JSON", id="empty body"),
        pytest.param(b"{", "not JSON", id="torn JSON"),
        pytest.param(b"[]", "must be a JSON object", id="body is a list"),
        pytest.param({}, "`inputs` must be a list", id="no inputs"),
        pytest.param({"inputs": {}}, "`inputs` must be a list", id="inputs is an object"),
        pytest.param({"inputs": []}, "input `x` is missing", id="13 missing input"),
        pytest.param({"inputs": [tensor(), tensor()]}, "`x` is given twice", id="13 duplicate"),
        pytest.param({"inputs": [tensor(name="q")]}, "unknown input `q`", id="13 unknown input"),
        pytest.param({"inputs": [tensor()] * 3}, "the model takes 1", id="13 extra inputs"),
        pytest.param({"inputs": [1]}, "list of objects", id="input is a number"),
        pytest.param(
            {"inputs": [tensor(name=5)]}, "`name` must be a string", id="name is a number"
        ),
        pytest.param(
            {"inputs": [tensor(datatype="FP64")]}, "datatype must be FP32", id="14 other datatype"
        ),
        pytest.param({"inputs": [tensor(datatype=None)]}, "must be FP32", id="14 no datatype"),
        pytest.param({"inputs": [tensor(shape=[2])]}, "1 dimensions given", id="15 rank"),
        pytest.param({"inputs": [tensor(shape=[1, 3])]}, "does not fit", id="15 fixed dimension"),
        pytest.param({"inputs": [tensor(shape=None)]}, "`shape` must be", id="15 no shape"),
        pytest.param({"inputs": [tensor(shape="ab")]}, "`shape` must be", id="15 shape is text"),
        pytest.param({"inputs": [tensor(shape=[True, 2])]}, "whole numbers", id="15 boolean size"),
        pytest.param(
            {"inputs": [tensor(shape=[1.0, 2])]}, "whole numbers", id="15 fractional size"
        ),
        pytest.param(
            {"inputs": [tensor(data=[1.0])]}, "1 elements given", id="16 too few elements"
        ),
        pytest.param({"inputs": [tensor(data=[1, 2, 3])]}, "3 elements", id="16 too many elements"),
        pytest.param({"inputs": [tensor(shape=[-1, 2])]}, "does not fit", id="16 negative size"),
        pytest.param(
            {"inputs": [tensor(shape=[2**62, 2])]}, "more than 1000 elements", id="16 huge product"
        ),
        pytest.param({"inputs": [tensor(data=[[1.0], [2.0]])]}, "data", id="17 wrongly nested"),
        pytest.param({"inputs": [tensor(data=[[1.0, 2.0], 3])]}, "data", id="17 ragged"),
        pytest.param(
            {"inputs": [tensor(data=[[[1], [2]]])]}, "FP32 needs numbers", id="17 too deep"
        ),
        pytest.param({"inputs": [tensor(data=None)]}, "neither `data` nor", id="no data"),
        pytest.param({"inputs": [tensor(data="ab")]}, "`data` must be a list", id="data is text"),
        pytest.param({"inputs": [tensor(data=["1", "2"])]}, "needs numbers", id="strings"),
        pytest.param({"inputs": [tensor(data=[None, 1])]}, "needs numbers", id="null"),
        pytest.param({"inputs": [tensor(data=[True, 1])]}, "true or false", id="boolean"),
        pytest.param({"inputs": [tensor(data=[1e39, 1])]}, "FP32's range", id="19 FP32 overflow"),
        pytest.param(
            b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[NaN,1]}]}',
            "not JSON",
            id="21 NaN token",
        ),
        pytest.param(
            b'{"inputs":[{"name":"x","shape":[1,2],"datatype":"FP32","data":[Infinity,1]}]}',
            "not JSON",
            id="21 Infinity token",
        ),
        pytest.param(
            {"inputs": [tensor()], "outputs": [{"name": "q"}]},
            "unknown output `q`",
            id="12 unknown",
        ),
        pytest.param(
            {"inputs": [tensor()], "outputs": [{"name": "y"}, {"name": "y"}]},
            "twice",
            id="12 twice",
        ),
        pytest.param({"inputs": [tensor()], "outputs": []}, "at least one", id="12 empty outputs"),
        pytest.param({"inputs": [tensor()], "outputs": [5]}, "must be an object", id="12 number"),
        pytest.param({"inputs": [tensor()], "parameters": 5}, "must be an object", id="25 number"),
        pytest.param(
            {"inputs": [tensor()], "parameters": {"binary_data_output": "yes"}},
            "must be true or false",
            id="25 flag is text",
        ),
        pytest.param(
            {"inputs": [tensor()], "parameters": {"event_time": "now"}},
            "event_time",
            id="time text",
        ),
        pytest.param(
            {"inputs": [tensor()], "parameters": {"event_time": [1, 2]}},
            "2 entries",
            id="time list",
        ),
        pytest.param(
            {
                "inputs": [
                    tensor(),
                    {"name": "event_time", "shape": [1], "datatype": "INT64", "data": [-1]},
                ]
            },
            "event_time",
            id="input before 1970",
        ),
        pytest.param(
            {"inputs": [tensor()], "parameters": {"event_time": 2**63}},
            "event_time",
            id="time huge",
        ),
    ],
)
def test_refuses(document: Any, fragment: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(document)

    assert fragment in refused.value.message


@pytest.mark.parametrize("datatype", sorted(STRUCT_CODES))
def test_json_and_binary_read_the_same_bits(datatype: str) -> None:
    dtype = NUMPY_DTYPES[datatype]
    values = np.array([[0, 1], [2, 3]], dtype)
    if dtype.kind == "f":
        values = values / dtype.type(7)
    sig = signature(datatype)
    from_json = read(
        {"inputs": [tensor(datatype=datatype, shape=[2, 2], data=values.ravel().tolist())]}, sig=sig
    )
    nested = read(
        {"inputs": [tensor(datatype=datatype, shape=[2, 2], data=values.tolist())]}, sig=sig
    )
    from_binary = read(
        {"inputs": [binary(values.nbytes, datatype=datatype, shape=[2, 2])]},
        sig=sig,
        raw=values.tobytes(),
    )

    for request in (from_json, nested, from_binary):
        assert request.inputs["x"].dtype == dtype
        assert request.inputs["x"].tobytes() == values.tobytes()
        assert request.rows == 2


@pytest.mark.parametrize(
    ("datatype", "lowest", "highest"),
    [
        pytest.param(name, int(np.iinfo(dtype.str).min), int(np.iinfo(dtype.str).max), id=name)
        for name, dtype in NUMPY_DTYPES.items()
        if dtype.kind in "iu"
    ],
)
def test_integers_are_taken_exactly_within_their_range(
    datatype: str, lowest: int, highest: int
) -> None:
    sig = signature(datatype)
    request = read({"inputs": [tensor(datatype=datatype, data=[lowest, highest])]}, sig=sig)

    assert request.inputs["x"].tolist() == [[lowest, highest]]
    for outside in (lowest - 1, highest + 1, 0.5):
        document = orjson.dumps({"inputs": [tensor(datatype=datatype, data=[0, 0])]})
        document = document.replace(b"[0,0]", f"[0,{outside}]".encode())
        with pytest.raises(InvalidRequestError):
            read(document, sig=sig)


@pytest.mark.parametrize("value", [0, 1, "true", None])
def test_bool_takes_true_and_false_only(value: object) -> None:
    sig = signature("BOOL")
    request = read({"inputs": [tensor(datatype="BOOL", data=[True, False])]}, sig=sig)

    assert request.inputs["x"].tolist() == [[True, False]]
    with pytest.raises(InvalidRequestError, match="BOOL needs true or false"):
        read({"inputs": [tensor(datatype="BOOL", data=[True, value])]}, sig=sig)


@pytest.mark.parametrize("count", [2, 200], ids=["few", "many"])
def test_fp32_reaches_to_its_largest_number(count: int) -> None:
    sig = signature(shape=(-1, count))
    for value, fits in ((3.4028235e38, True), (3.4028236e38, False), (-3.5e38, False)):
        document = {"inputs": [tensor(shape=[1, count], data=[0.0] * (count - 1) + [value])]}
        if fits:
            assert np.isfinite(read(document, sig=sig).inputs["x"]).all()
        else:
            with pytest.raises(InvalidRequestError, match="FP32's range"):
                read(document, sig=sig)


def test_bytes_are_strings_in_json_and_length_prefixed_in_binary() -> None:
    sig = signature("BYTES")
    raw = b"\x03\x00\x00\x00\xe2\x82\xac\x00\x00\x00\x00"
    from_json = read({"inputs": [tensor(datatype="BYTES", data=["€", ""])]}, sig=sig)
    from_binary = read({"inputs": [binary(len(raw), datatype="BYTES")]}, sig=sig, raw=raw)

    assert from_json.inputs["x"].tolist() == from_binary.inputs["x"].tolist() == [["€", ""]]


def test_half_floats_are_binary_only() -> None:
    sig = signature("FP16")
    raw = np.array([0.5, 2.0], "<f2").tobytes()

    request = read({"inputs": [binary(4, datatype="FP16")]}, sig=sig, raw=raw)
    assert request.inputs["x"].tolist() == [[0.5, 2.0]]
    with pytest.raises(InvalidRequestError, match="no JSON form"):
        read({"inputs": [tensor(datatype="FP16")]}, sig=sig)


def test_json_and_binary_inputs_mix_in_one_request() -> None:
    inputs = (TensorSpec("a", "FP32", (-1,)), TensorSpec("b", "INT64", (-1,)))
    sig = Signature(inputs, signature().outputs, common_rows=True)
    document = {
        "inputs": [
            {"name": "b", "shape": [2], "datatype": "INT64", "data": [5, 6]},
            binary(8, name="a", shape=[2]),
        ]
    }

    request = read(document, sig=sig, raw=np.array([1, 2], "<f4").tobytes())

    assert request.inputs["a"].tolist() == [1.0, 2.0]
    assert request.inputs["b"].tolist() == [5, 6]


def test_inputs_with_different_rows_are_refused() -> None:
    inputs = (TensorSpec("a", "FP32", (-1,)), TensorSpec("b", "FP32", (-1,)))
    sig = Signature(inputs, signature().outputs, common_rows=True)
    document = {"inputs": [tensor(name="a", shape=[2]), tensor(name="b", shape=[1], data=[1])]}

    with pytest.raises(InvalidRequestError, match="number of rows"):
        read(document, sig=sig)


def test_an_empty_batch_is_read() -> None:
    request = read({"inputs": [tensor(shape=[0, 2], data=[])]})

    assert request.inputs["x"].shape == (0, 2)
    assert request.rows == 0


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, [("y", False), ("z", False)], id="absent outputs mean all"),
        pytest.param({"outputs": [{"name": "z"}]}, [("z", False)], id="subset"),
        pytest.param(
            {"outputs": [{"name": "z"}, {"name": "y"}]}, [("z", False), ("y", False)], id="order"
        ),
        pytest.param(
            {"parameters": {"binary_data_output": True}},
            [("y", True), ("z", True)],
            id="27 binary by request",
        ),
        pytest.param(
            {
                "parameters": {"binary_data_output": True},
                "outputs": [{"name": "y", "parameters": {"binary_data": False}}, {"name": "z"}],
            },
            [("y", False), ("z", True)],
            id="27 overridden by output",
        ),
        pytest.param(
            {"parameters": {"priority": 3, "binary_data_output": False}, "unknown": 1},
            [("y", False), ("z", False)],
            id="25 unknown keys are ignored",
        ),
    ],
)
def test_outputs_wanted(changes: dict[str, Any], expected: list[tuple[str, bool]]) -> None:
    request = read({"inputs": [tensor()]} | changes)

    assert [(output.spec.name, output.binary) for output in request.outputs] == expected


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param({"inputs": [tensor()]}, None, id="absent"),
        pytest.param({"inputs": [tensor()], "parameters": {"event_time": 7}}, 7, id="scalar"),
        pytest.param({"inputs": [tensor()], "parameters": {"event_time": [7]}}, [7], id="list"),
        pytest.param(
            {
                "inputs": [
                    tensor(),
                    {"name": "event_time", "shape": [1], "datatype": "INT64", "data": [9]},
                ]
            },
            [9],
            id="per-row input",
        ),
    ],
)
def test_event_time(document: dict[str, Any], expected: object) -> None:
    request = read(document)

    assert (None if request.event_time is None else request.event_time.tolist()) == expected
    assert list(request.inputs) == ["x"]


@pytest.mark.parametrize(
    ("document", "expected"),
    [({}, None), ({"id": "é\n\"'"}, "é\n\"'"), ({"id": ""}, ""), ({"id": None}, None)],
)
def test_id_is_read_exactly(document: dict[str, Any], expected: str | None) -> None:
    assert read_id(read_document(orjson.dumps(document), None), LIMITS) == expected


@pytest.mark.parametrize("identity", [5, ["a"], True, "x" * 17], ids=str)
def test_other_ids_are_refused(identity: object) -> None:
    with pytest.raises(InvalidRequestError, match="`id` must be a string"):
        read_id({"id": identity}, LIMITS)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(b"[1, 2e5, -3]", False, id="numbers"),
        pytest.param(b"[1, true]", True, id="true"),
        pytest.param(b"[false]", True, id="false"),
        pytest.param(b'{"tensor": "tf"}', False, id="the letters only"),
        pytest.param(b"[" + b"1," * 2000 + b"true]", True, id="true in a long one"),
        pytest.param(b"[" + b"1," * 2000 + b'"tf"]', False, id="letters in a long one"),
        pytest.param(b'"' + b"t" * 2000 + b'"', True, id="mostly text"),
    ],
)
def test_booleans_are_suspected_by_their_letters(document: bytes, *, expected: bool) -> None:
    assert may_hold_booleans(document, len(document)) is expected
    assert may_hold_booleans(document + b"true", len(document)) is expected
