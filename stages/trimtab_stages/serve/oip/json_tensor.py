"""JSON tensor data (nested or flat lists) to NumPy and back, without a silent cast."""

import math
import struct
from collections.abc import Sequence
from itertools import chain

import numpy as np

from trimtab_stages.serve.errors import InferenceFailedError, InvalidRequestError
from trimtab_stages.serve.oip.datatypes import BINARY_ONLY, FLOATING, NUMPY_DTYPES, STRUCT_CODES
from trimtab_stages.serve.oip.tensors import Tensor

FEW_LETTERS = 64
"""A document with more of a letter than this is mostly text; its elements are looked at."""

SHORT_DOCUMENT = 1024
"""Bytes up to which a word is looked for as it is."""


def tensor_from_json(
    data: object, name: str, datatype: str, shape: tuple[int, ...], *, booleans: bool
) -> Tensor:
    """Return JSON data as a tensor of exactly this datatype and shape.

    Args:
        data: the `data` member: a flat list in row-major order, or lists nested as `shape` says.
        name: the tensor's name, for messages.
        datatype: OIP datatype.
        shape: dimensions, all known.
        booleans: False when the document has no `true` or `false` at all, which spares a look at
            every element (Python counts booleans as integers).

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
    if booleans and bool in set(map(type, flat)):
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


def may_hold_booleans(document: bytes, end: int) -> bool:
    """Whether `true` or `false` may occur in the first `end` bytes of a JSON document."""
    return may_hold(document, end, b"true") or may_hold(document, end, b"false")


def may_hold(document: bytes, end: int, word: bytes) -> bool:
    """Whether a word may occur in the first `end` bytes of a JSON document; a No is certain.

    In a long document looking for a single letter is 30 times faster than for a word, and numbers
    hold none.
    """
    if end < SHORT_DOCUMENT:
        return document.find(word, 0, end) >= 0
    letter = word[:1]
    position = document.find(letter, 0, end)
    for _ in range(FEW_LETTERS):
        if position < 0:
            return False
        if document.startswith(word, position):
            return True
        position = document.find(letter, position + 1, end)
    return position >= 0


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
    if not flat:
        return np.empty(0, NUMPY_DTYPES[datatype])
    try:
        packed = struct.pack(f"<{len(flat)}{STRUCT_CODES[datatype]}", *flat)
    except (struct.error, OverflowError):
        raise _unpackable(flat, name, datatype) from None
    return np.frombuffer(packed, NUMPY_DTYPES[datatype])


def _unpackable(flat: list[object], name: str, datatype: str) -> InvalidRequestError:
    kinds, word = ({int, float}, "numbers") if datatype in FLOATING else ({int}, "integers")
    if set(map(type, flat)) <= kinds:
        return InvalidRequestError(f"input `{name}`: a value is out of {datatype}'s range")
    return InvalidRequestError(f"input `{name}`: {datatype} needs {word} only")
