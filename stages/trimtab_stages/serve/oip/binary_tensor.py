"""Raw tensor bytes (binary tensor data extension) to NumPy and back, mostly without a copy.

Source: Triton `extension_binary_data.md`: little-endian, row-major, unpadded; BOOL one byte, 0 or
1; BYTES a uint32 length before each element.
"""

import math
import struct

import numpy as np

from trimtab_stages.serve.errors import InvalidRequestError
from trimtab_stages.serve.oip.datatypes import NUMPY_DTYPES
from trimtab_stages.serve.oip.tensors import Tensor, TensorSpec

_LENGTH = struct.Struct("<I")


def tensor_from_binary(
    body: bytes, start: int, size: int, spec: TensorSpec, shape: tuple[int, ...]
) -> Tensor:
    """Return `size` bytes of `body` from `start` as a tensor.

    The result shares `body`'s memory and is read-only, except for BYTES and where `start` is not
    aligned.

    Args:
        body: the whole request body, kept alive by the result.
        start: first byte of the tensor; the caller has checked that `start + size` is inside.
        size: the request's `binary_data_size`.
        spec: name and datatype.
        shape: dimensions, all known.

    Raises:
        InvalidRequestError: the size does not fit shape and datatype, or the bytes are malformed.
    """
    count = math.prod(shape)
    if spec.datatype == "BYTES":
        return _strings(body[start : start + size], count, spec.name).reshape(shape)
    dtype = NUMPY_DTYPES[spec.datatype]
    if size != count * dtype.itemsize:
        raise InvalidRequestError(
            f"input `{spec.name}`: {size} bytes given, {spec.datatype} of shape {list(shape)} "
            f"needs {count * dtype.itemsize}"
        )
    if count == 0:
        return np.empty(shape, dtype)
    values = np.frombuffer(body, dtype, count, start).reshape(shape)
    if spec.datatype == "BOOL" and np.frombuffer(body, np.uint8, count, start).max() > 1:
        raise InvalidRequestError(f"input `{spec.name}`: BOOL bytes must be 0 or 1")
    return values if values.flags.aligned else values.copy()


def tensor_to_binary(values: Tensor, datatype: str) -> bytes:
    """Return a tensor's raw bytes."""
    if datatype != "BYTES":
        return values.tobytes()
    encoded = [str(element).encode() for element in values.reshape(-1)]
    return b"".join(part for text in encoded for part in (_LENGTH.pack(len(text)), text))


def _strings(raw: bytes, count: int, name: str) -> Tensor:
    if len(raw) < count * _LENGTH.size:
        raise InvalidRequestError(f"input `{name}`: fewer bytes than {count} BYTES elements need")
    strings = np.empty(count, dtype=object)
    position = 0
    try:
        for index in range(count):
            start = position + _LENGTH.size
            position = start + _LENGTH.unpack_from(raw, position)[0]
            if position > len(raw):
                break
            strings[index] = raw[start:position].decode()
    except struct.error:
        position = len(raw) + 1
    except UnicodeDecodeError:
        raise InvalidRequestError(
            f"input `{name}`: BYTES elements must be UTF-8, as ONNX strings are"
        ) from None
    if position != len(raw):
        raise InvalidRequestError(
            f"input `{name}`: the lengths of its {count} BYTES elements do not add up to "
            f"its {len(raw)} bytes"
        )
    return strings
