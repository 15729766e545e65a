"""Typed tensor contents (`InferTensorContents`) to NumPy and back, without a silent cast.

Source: OIP v2 `inference_grpc.md`, section "Tensor Data".
"""

import math

import numpy as np

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.datatypes import CONTENTS_FIELDS, NUMPY_DTYPES
from trimtab_stages.serve.oip.messages import InferTensorContents
from trimtab_stages.serve.oip.tensors import Tensor, TensorSpec


def tensor_from_contents(
    contents: InferTensorContents, spec: TensorSpec, shape: tuple[int, ...]
) -> Tensor:
    """Return typed contents as a tensor of exactly this datatype and shape.

    Args:
        contents: the elements, flat and in row-major order.
        spec: name and datatype.
        shape: dimensions, all known.

    Raises:
        InvalidRequestError: another field than the datatype's, a wrong element count, a value out
            of range, or a datatype that must be raw.
    """
    field = CONTENTS_FIELDS.get(spec.datatype)
    if field is None:
        raise InvalidRequestError(
            f"input `{spec.name}`: {spec.datatype} has no typed contents; "
            "send it in `raw_input_contents`"
        )
    if any(given.name != field for given, _ in contents.ListFields()):
        raise InvalidRequestError(
            f"input `{spec.name}`: {spec.datatype} belongs in `{field}` and nowhere else"
        )
    elements = getattr(contents, field)
    if len(elements) != math.prod(shape):
        raise InvalidRequestError(
            f"input `{spec.name}`: {len(elements)} elements given, shape {list(shape)} needs "
            f"{math.prod(shape)}"
        )
    if field == "bytes_contents":
        return _strings(list(elements), spec.name).reshape(shape)
    return _numbers(list(elements), spec).reshape(shape)


def fill_contents(contents: InferTensorContents, values: Tensor, datatype: str) -> None:
    """Put a tensor into typed contents; FP16 and BF16 have none."""
    elements = values.reshape(-1).tolist()
    if datatype == "BYTES":
        elements = [str(element).encode() for element in elements]
    getattr(contents, CONTENTS_FIELDS[datatype]).extend(elements)


def _numbers(elements: list[object], spec: TensorSpec) -> Tensor:
    try:
        return np.array(elements, NUMPY_DTYPES[spec.datatype])
    except OverflowError:
        raise InvalidRequestError(
            f"input `{spec.name}`: a value is out of {spec.datatype}'s range"
        ) from None


def _strings(elements: list[bytes], name: str) -> Tensor:
    strings = np.empty(len(elements), dtype=object)
    try:
        strings[:] = [element.decode() for element in elements]
    except UnicodeDecodeError:
        raise InvalidRequestError(
            f"input `{name}`: BYTES elements must be UTF-8, as ONNX strings are"
        ) from None
    return strings
