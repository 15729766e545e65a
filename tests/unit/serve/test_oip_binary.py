"""Requests with the binary tensor extension: sizes, alignment, headers met before."""

from typing import Any

import numpy as np
import orjson
import pytest

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.request import InferRequestReader, read_document
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
    ("document", "raw", "fragment"),
    [
        pytest.param({"inputs": [binary(9)]}, bytes(9), "needs 8", id="size is not shape*itemsize"),
        pytest.param({"inputs": [binary(8)]}, bytes(7), "7 bytes are left", id="body too short"),
        pytest.param({"inputs": [binary(8)]}, bytes(9), "1 bytes behind", id="body too long"),
        pytest.param({"inputs": [binary(-8)]}, bytes(8), "whole number", id="negative size"),
        pytest.param(
            {"inputs": [tensor(parameters={"binary_data_size": 8.0})]},
            bytes(8),
            "whole number",
            id="fractional size",
        ),
        pytest.param(
            {"inputs": [tensor(parameters={"binary_data_size": 8})]},
            bytes(8),
            "both `data` and",
            id="data and size",
        ),
        pytest.param(
            {"inputs": [tensor()]}, b"x", "1 bytes behind", id="raw bytes without an owner"
        ),
    ],
)
def test_refuses_binary(document: Any, raw: bytes, fragment: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        read(document, raw=raw)

    assert fragment in refused.value.message


def test_header_longer_than_the_body_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="the body has 2 bytes"):
        read_document(b"{}", 3)


def test_binary_bool_bytes_must_be_zero_or_one() -> None:
    sig = signature("BOOL")
    good = read({"inputs": [binary(2, datatype="BOOL")]}, sig=sig, raw=b"\x01\x00")

    assert good.inputs["x"].tolist() == [[True, False]]
    with pytest.raises(InvalidRequestError, match="0 or 1"):
        read({"inputs": [binary(2, datatype="BOOL")]}, sig=sig, raw=b"\x02\x00")


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"\x01\x00\x00\x00\xff\x00\x00\x00\x00", id="not UTF-8"),
        pytest.param(b"\x09\x00\x00\x00a\x00\x00\x00\x00", id="length beyond the end"),
        pytest.param(b"\x00\x00\x00\x00\x00\x00\x00", id="torn length"),
        pytest.param(b"\x00\x00\x00\x00\x00\x00\x00\x00z", id="bytes left over"),
        pytest.param(b"\xff\xff\xff\xff\xff\xff\xff\xff", id="lengths of 4 GiB"),
    ],
)
def test_malformed_bytes_elements_are_refused(raw: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        read({"inputs": [binary(len(raw), datatype="BYTES")]}, sig=signature("BYTES"), raw=raw)


def test_binary_inputs_share_the_body_unless_it_is_unaligned() -> None:
    header = orjson.dumps({"inputs": [binary(8)]})
    for padding in range(4):
        spaced = header + b" " * padding
        request = read(spaced, raw=np.array([1, 2], "<f4").tobytes())
        values = request.inputs["x"]
        assert values.flags.aligned
        assert values.flags.owndata is (len(spaced) % 4 != 0)
        assert values.tolist() == [[1.0, 2.0]]


@pytest.mark.parametrize(
    ("extra", "remembered"),
    [
        pytest.param({}, True, id="plain"),
        pytest.param({"outputs": [{"name": "z"}]}, True, id="outputs"),
        pytest.param({"id": "7"}, False, id="with an id"),
        pytest.param({"parameters": {"event_time": 5}}, False, id="with an event time"),
    ],
)
def test_a_header_met_before_reads_the_same(extra: dict[str, Any], *, remembered: bool) -> None:
    reader = InferRequestReader(signature(), LIMITS)
    header = orjson.dumps({"inputs": [binary(8)]} | extra)
    first, second = (header + np.array(values, "<f4").tobytes() for values in ([1, 2], [3, 4]))

    assert reader.read_known(first, len(header)) is None
    read_once = reader.read(read_document(first, len(header)), first, len(header))
    known = reader.read_known(second, len(header))

    assert (known is not None) is remembered
    if known is not None:
        assert known.inputs["x"].tolist() == [[3.0, 4.0]]
        assert (known.rows, known.outputs) == (read_once.rows, read_once.outputs)
        assert reader.read_known(second + b"x", len(header)) is None
        assert reader.read_known(second[:-1], len(header)) is None
