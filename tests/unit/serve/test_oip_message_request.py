"""Infer requests over gRPC: what is read, and what is refused with which words."""

from typing import Any

import numpy as np
import pytest

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.datatypes import NUMPY_DTYPES
from trimtab_stages.serve.oip.message_request import MessageSource, document_of, read_message
from trimtab_stages.serve.oip.messages import InferParameter, ModelInferRequest
from trimtab_stages.serve.oip.request import InferRequestReader, read_id
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, Signature, TensorSpec

LIMITS = Limits(elements=1000, id_characters=16)
ROW = np.array([1, 2], "<f4").tobytes()


def signature(datatype: str = "FP32", shape: tuple[int, ...] = (-1, 2)) -> Signature:
    outputs = (TensorSpec("y", "FP32", (-1,)), TensorSpec("z", "INT64", (-1,)))
    return Signature((TensorSpec("x", datatype, shape),), outputs, common_rows=True)


def tensor(**changes: Any) -> dict[str, Any]:
    given = {"name": "x", "shape": [1, 2], "datatype": "FP32"}
    return given | {"contents": {"fp32_contents": [1, 2]}} | changes


def raw_tensor(**changes: Any) -> dict[str, Any]:
    return {"name": "x", "shape": [1, 2], "datatype": "FP32"} | changes


def read(request: dict[str, Any], *, sig: Signature | None = None) -> InferRequest:
    sent = ModelInferRequest(**request).SerializeToString()
    message = read_message(ModelInferRequest, sent)
    reader = InferRequestReader(sig or signature(), LIMITS)
    return reader.read_from(document_of(message), MessageSource(message, LIMITS))


@pytest.mark.parametrize(
    ("request_", "fragment"),
    [
        pytest.param({}, "input `x` is missing", id="no inputs"),
        pytest.param({"inputs": [tensor(), tensor()]}, "`x` is given twice", id="duplicate"),
        pytest.param({"inputs": [tensor(name="q")]}, "unknown input `q`", id="unknown input"),
        pytest.param({"inputs": [tensor(name="")]}, "unknown input ``", id="no name"),
        pytest.param({"inputs": [tensor()] * 3}, "the model takes 1", id="extra inputs"),
        pytest.param({"inputs": [tensor(datatype="FP64")]}, "must be FP32", id="other datatype"),
        pytest.param({"inputs": [tensor(datatype="")]}, "must be FP32", id="no datatype"),
        pytest.param({"inputs": [tensor(shape=[])]}, "0 dimensions given", id="no shape"),
        pytest.param({"inputs": [tensor(shape=[1, 3])]}, "does not fit", id="fixed dimension"),
        pytest.param({"inputs": [tensor(shape=[-1, 2])]}, "does not fit", id="negative size"),
        pytest.param({"inputs": [tensor(shape=[2**62, 2])]}, "more than 1000", id="huge product"),
        pytest.param({"inputs": [raw_tensor()]}, "0 elements given", id="no contents"),
        pytest.param(
            {"inputs": [raw_tensor()], "raw_input_contents": [ROW, ROW]},
            "`raw_input_contents` has 2 entries for 1 inputs",
            id="raw entry too many",
        ),
        pytest.param(
            {"raw_input_contents": [ROW]}, "has 1 entries for 0 inputs", id="raw entry alone"
        ),
        pytest.param(
            {"inputs": [raw_tensor(), raw_tensor()], "raw_input_contents": [ROW]},
            "has 1 entries for 2 inputs",
            id="raw entry missing",
        ),
        pytest.param(
            {"inputs": [tensor()], "raw_input_contents": [ROW]},
            "`raw_input_contents` and `contents` are both given",
            id="raw and typed",
        ),
        pytest.param(
            {"inputs": [tensor(contents={})], "raw_input_contents": [ROW]},
            "are both given",
            id="raw and empty contents",
        ),
        pytest.param(
            {"inputs": [raw_tensor()], "raw_input_contents": [ROW[:-1]]},
            "7 bytes given, FP32 of shape [1, 2] needs 8",
            id="raw too short",
        ),
        pytest.param(
            {"inputs": [raw_tensor()], "raw_input_contents": [ROW + b"\0"]},
            "9 bytes given",
            id="raw too long",
        ),
        pytest.param(
            {"inputs": [tensor()], "outputs": [{"name": "q"}]},
            "unknown output `q`",
            id="unknown output",
        ),
        pytest.param(
            {"inputs": [tensor()], "outputs": [{"name": "y"}] * 2}, "twice", id="output twice"
        ),
        pytest.param(
            {
                "inputs": [tensor()],
                "outputs": [
                    {"name": "y", "parameters": {"classification": InferParameter(int64_param=3)}}
                ],
            },
            "classification extension is not supported",
            id="classification",
        ),
        *(
            pytest.param(
                {"inputs": [tensor()], "parameters": {"event_time": InferParameter(**value)}},
                "parameter `event_time` must be nanoseconds",
                id=f"event time {value}",
            )
            for value in (
                {},
                {"int64_param": -1},
                {"uint64_param": 2**63},
                {"string_param": "1"},
                {"double_param": 1.0},
                {"bool_param": True},
            )
        ),
        pytest.param(
            {
                "inputs": [tensor()],
                "parameters": {"binary_data_output": InferParameter(int64_param=1)},
            },
            "must be true or false",
            id="flag is a number",
        ),
    ],
)
def test_refuses(request_: dict[str, Any], fragment: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(request_)

    assert fragment in refused.value.message


@pytest.mark.parametrize("data", [b"\xff", b"\x0a\x05m", b"{}"], ids=["tag", "cut off", "JSON"])
def test_bytes_that_are_no_message_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidRequestError, match=r"no inference\.ModelInferRequest"):
        read_message(ModelInferRequest, data)


@pytest.mark.parametrize("datatype", sorted(NUMPY_DTYPES))
def test_raw_values_are_read_with_their_bits(datatype: str) -> None:
    values = np.array([[0, 1], [1, 0]], NUMPY_DTYPES[datatype])
    request = read(
        {
            "inputs": [raw_tensor(datatype=datatype, shape=[2, 2])],
            "raw_input_contents": [values.tobytes()],
        },
        sig=signature(datatype),
    )

    assert request.inputs["x"].dtype == values.dtype
    assert request.inputs["x"].tobytes() == values.tobytes()
    assert request.rows == 2


def test_raw_entries_belong_to_the_inputs_in_their_order() -> None:
    inputs = (TensorSpec("a", "INT64", (-1,)), TensorSpec("b", "BYTES", (-1,)))
    sig = Signature(inputs, signature().outputs, common_rows=True)
    request = read(
        {
            "inputs": [
                raw_tensor(name="b", datatype="BYTES", shape=[1]),
                raw_tensor(name="a", datatype="INT64", shape=[1]),
            ],
            "raw_input_contents": [b"\x01\0\0\0q", np.array([7], "<i8").tobytes()],
        },
        sig=sig,
    )

    assert request.inputs["a"].tolist() == [7]
    assert request.inputs["b"].tolist() == ["q"]


def test_inputs_without_an_entry_for_an_empty_batch_are_read() -> None:
    request = read({"inputs": [raw_tensor(shape=[0, 2])], "raw_input_contents": [b""]})

    assert request.inputs["x"].shape == (0, 2)
    assert request.rows == 0


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param({"inputs": [tensor()]}, None, id="absent"),
        pytest.param(
            {
                "inputs": [tensor()],
                "parameters": {"event_time": InferParameter(int64_param=7)},
            },
            7,
            id="int64",
        ),
        pytest.param(
            {
                "inputs": [tensor()],
                "parameters": {"event_time": InferParameter(uint64_param=2**63 - 1)},
            },
            2**63 - 1,
            id="uint64",
        ),
        pytest.param(
            {
                "inputs": [
                    tensor(),
                    tensor(
                        name="event_time",
                        shape=[1],
                        datatype="INT64",
                        contents={"int64_contents": [9]},
                    ),
                ]
            },
            [9],
            id="typed input",
        ),
        pytest.param(
            {
                "inputs": [
                    raw_tensor(name="event_time", shape=[1], datatype="INT64"),
                    raw_tensor(),
                ],
                "raw_input_contents": [np.array([9], "<i8").tobytes(), ROW],
            },
            [9],
            id="raw input",
        ),
    ],
)
def test_event_time(request_: dict[str, Any], expected: object) -> None:
    request = read(request_)

    assert (None if request.event_time is None else request.event_time.tolist()) == expected
    assert list(request.inputs) == ["x"]


RAW = {"inputs": [raw_tensor()], "raw_input_contents": [ROW]}
FLAG = InferParameter(bool_param=True)
NO_FLAG = InferParameter(bool_param=False)


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        pytest.param({"inputs": [tensor()]}, [("y", False), ("z", False)], id="typed"),
        pytest.param(RAW, [("y", True), ("z", True)], id="raw is answered raw"),
        pytest.param(RAW | {"outputs": [{"name": "z"}]}, [("z", True)], id="subset"),
        pytest.param(
            {"inputs": [tensor()], "parameters": {"binary_data_output": FLAG}},
            [("y", True), ("z", True)],
            id="typed, raw asked for",
        ),
        pytest.param(
            RAW | {"parameters": {"binary_data_output": NO_FLAG}},
            [("y", False), ("z", False)],
            id="raw, typed asked for",
        ),
        pytest.param(
            {
                "inputs": [tensor()],
                "outputs": [{"name": "z", "parameters": {"binary_data": FLAG}}, {"name": "y"}],
            },
            [("z", True), ("y", False)],
            id="one output raw",
        ),
    ],
)
def test_outputs_wanted(request_: dict[str, Any], expected: list[tuple[str, bool]]) -> None:
    request = read(request_)

    assert [(output.spec.name, output.binary) for output in request.outputs] == expected


@pytest.mark.parametrize(("identity", "expected"), [("", None), ("é\n", "é\n")])
def test_id_is_read_exactly(identity: str, expected: str | None) -> None:
    assert read_id(document_of(ModelInferRequest(id=identity)), LIMITS) == expected


def test_a_long_id_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="at most 16 characters"):
        read_id(document_of(ModelInferRequest(id="x" * 17)), LIMITS)
