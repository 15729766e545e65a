"""Whatever arrives is read or refused with words; nothing else happens."""

import contextlib
import math
from typing import Any

import orjson
from hypothesis import given
from hypothesis import strategies as st

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.request import InferRequestReader, read_document
from trimtab_stages.serve.oip.tensors import Limits, Signature, TensorSpec

SIGNATURE = Signature(
    (TensorSpec("x", "FP32", (-1, 2)),), (TensorSpec("y", "FP32", (-1,)),), common_rows=True
)


@given(st.binary(max_size=200), st.integers(min_value=-5, max_value=220))
def test_any_bytes_are_read_or_refused(body: bytes, length: int) -> None:
    header_length = length if length >= 0 else None
    reader = InferRequestReader(SIGNATURE, Limits())
    with contextlib.suppress(InvalidRequestError):
        request = reader.read(read_document(body, header_length), body, header_length)
        assert request.inputs.keys() == {"x"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-10, 10)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["x", "event_time"]) | json_values,
            "shape": st.lists(st.integers(-1, 3), max_size=3) | json_values,
            "datatype": st.sampled_from(["FP32", "INT64"]) | json_values,
            "data": st.lists(st.floats(-1, 1), max_size=6) | json_values,
            "parameters": st.fixed_dictionaries({"binary_data_size": json_values}) | json_values,
        },
    ),
    json_values,
)
def test_any_document_is_read_or_refused(item: dict[str, Any], other: object) -> None:
    try:
        body = orjson.dumps({"inputs": [item], "outputs": other, "parameters": other})
        reader = InferRequestReader(SIGNATURE, Limits())
        request = reader.read(read_document(body, None), body, None)
    except InvalidRequestError:
        return
    assert math.prod(request.inputs["x"].shape) == request.inputs["x"].size
