"""JSON tensor data (nested or flat lists) to NumPy and back, without a silent cast."""

import math
from array import array
from collections.abc import Sequence
from itertools import chain
from typing import cast

import numpy as np

from trimtab_stages.serve.errors import InferenceFailedError, InvalidRequestError
from trimtab_stages.serve.oip.datatypes import ARRAY_CODES, BINARY_ONLY, FLOATING, NUMPY_DTYPES
from trimtab_stages.serve.oip.tensors import Tensor

FEW = 64
"""Up to so many numbers Python's own `min` and `max` are faster than NumPy."""

LARGEST_FP32 = float.fromhex("0x1.fffffefffffffp+127")
"""The largest double that float32 rounds to a finite number."""


def tensor_from_json(
    data: object, name: str, datatype: str, shape: tuple[int, ...], *, may_hold_booleans: bool
) -> Tensor:
    """Return JSON data as a tensor of exactly this datatype and shape.

    Args:
        data: the `data` member: a flat list in row-major order, or lists nested as `shape` says.
        name: the tensor's name, for messages.
        datatype: OIP datatype.
        shape: dimensions, all known.
        may_hold_booleans: False when the document has no `true` or `false` at all, which spares
            a look at every element (Python counts booleans as integers).

    Raises:
        InvalidRequestError: wrong element count, nesting, element type or range.
    """
    if datatype in BINARY_ONLY:
        raise InvalidRequestError(
            f"input `{name}`: {datatype} has no JSON form; send it with the binary tensor extension"
        )
    flat = _flatten(data, name, shape)
    if datatype == "BYTES":
        return _strings(flat, name).reshape(shape)
    if datatype == "BOOL":
        return _booleans(flat, name).reshape(shape)
    if may_hold_booleans and bool in set(map(type, flat)):
        raise InvalidRequestError(f"input `{name}`: holds true or false, {datatype} needs numbers")
    return _numbers(flat, name, datatype).reshape(shape)


def tensor_to_json(values: Tensor, name: str, datatype: str) -> object:
    """Return what orjson writes for a tensor: flat, in row-major order.

    NaN and infinity become `null`; `check_finite` finds them.

    Raises:
        InvalidRequestError: the datatype has no JSON form.
    """
    if datatype in BINARY_ONLY:
        raise InvalidRequestError(
            f"output `{name}`: {datatype} has no JSON form; ask for it with `binary_data`: true"
        )
    flat = values if values.ndim == 1 else values.reshape(-1)
    if datatype == "BYTES":
        return flat.tolist()
    return flat if flat.flags.c_contiguous else np.ascontiguousarray(flat)


def check_finite(values: Tensor, name: str, datatype: str) -> None:
    """Check that JSON can carry a tensor.

    Raises:
        InferenceFailedError: a value is NaN or infinite.
    """
    if datatype in FLOATING and not np.isfinite(values).all():
        raise InferenceFailedError(
            f"output `{name}` holds NaN or infinity, which JSON cannot carry; "
            "check the inputs, or ask for it with `binary_data`: true"
        )


def _flatten(data: object, name: str, shape: tuple[int, ...]) -> list[object]:
    if type(data) is not list:
        raise InvalidRequestError(f"input `{name}`: `data` must be a list")
    count = math.prod(shape)
    flat: list[object] = data
    for depth in range(1, len(shape)):
        if not flat or type(flat[0]) is not list:
            break
        rows = _rows(flat, name, math.prod(shape[:depth]))
        if any(len(row) != shape[depth] for row in rows):
            raise InvalidRequestError(
                f"input `{name}`: `data` is not nested as its shape {list(shape)} says"
            )
        flat = list(chain.from_iterable(rows))
    if len(flat) != count:
        raise InvalidRequestError(
            f"input `{name}`: {len(flat)} elements given, shape {list(shape)} needs {count}"
        )
    return flat


def _rows(level: list[object], name: str, expected: int) -> Sequence[list[object]]:
    rows = [row for row in level if type(row) is list]
    if len(rows) != len(level) or len(rows) != expected:
        raise InvalidRequestError(f"input `{name}`: `data` mixes lists and values, or misses rows")
    return rows


def _strings(flat: list[object], name: str) -> Tensor:
    if not set(map(type, flat)) <= {str}:
        raise InvalidRequestError(f"input `{name}`: BYTES needs strings")
    strings = np.empty(len(flat), dtype=object)
    strings[:] = flat
    return strings


def _booleans(flat: list[object], name: str) -> Tensor:
    if not set(map(type, flat)) <= {bool}:
        raise InvalidRequestError(f"input `{name}`: BOOL needs true or false")
    return np.array(flat, dtype=np.bool_)


def _numbers(flat: list[object], name: str, datatype: str) -> Tensor:
    try:
        buffer = array(ARRAY_CODES[datatype], cast("list[float]", flat))
    except TypeError:
        kind = "numbers" if datatype in FLOATING else "integers"
        raise InvalidRequestError(f"input `{name}`: {datatype} needs {kind} only") from None
    except OverflowError:
        raise InvalidRequestError(f"input `{name}`: a value is out of {datatype}'s range") from None
    dtype = NUMPY_DTYPES[datatype]
    if not flat:
        return np.empty(0, dtype)
    numbers = np.frombuffer(buffer, dtype)
    if datatype == "FP32" and not _fits_fp32(flat, numbers):
        raise InvalidRequestError(f"input `{name}`: a value is out of FP32's range")
    return numbers


def _fits_fp32(flat: list[object], numbers: Tensor) -> bool:
    """Whether no number became infinite."""
    if len(flat) <= FEW:
        given = cast("list[float]", flat)
        return min(given) >= -LARGEST_FP32 and max(given) <= LARGEST_FP32
    return bool(np.isfinite(numbers).all())
