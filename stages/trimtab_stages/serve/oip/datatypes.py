"""Datatypes of the protocol and what they are in NumPy, in ONNX and in JSON.

Source: Open Inference Protocol v2, `inference_rest.md`, section "Tensor Data Types"; BF16 is
named in the gRPC definition only.
"""

import numpy as np

NUMPY_DTYPES: dict[str, np.dtype[np.generic]] = {
    "BOOL": np.dtype("?"),
    "UINT8": np.dtype("<u1"),
    "UINT16": np.dtype("<u2"),
    "UINT32": np.dtype("<u4"),
    "UINT64": np.dtype("<u8"),
    "INT8": np.dtype("<i1"),
    "INT16": np.dtype("<i2"),
    "INT32": np.dtype("<i4"),
    "INT64": np.dtype("<i8"),
    "FP16": np.dtype("<f2"),
    "FP32": np.dtype("<f4"),
    "FP64": np.dtype("<f8"),
}
"""Fixed-size datatypes, little-endian as the binary extension has them; BYTES varies in size."""

STRUCT_CODES = {
    "UINT8": "B",
    "UINT16": "H",
    "UINT32": "I",
    "UINT64": "Q",
    "INT8": "b",
    "INT16": "h",
    "INT32": "i",
    "INT64": "q",
    "FP32": "f",
    "FP64": "d",
}
"""Numeric datatypes that JSON carries -> format characters of `struct`.

`struct` refuses strings, nulls, fractions in integer types and integers out of range: exactly the
casts that NumPy would do in silence.
"""

CONTENTS_FIELDS = {
    "BOOL": "bool_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""Datatypes -> the field of `InferTensorContents` that carries them; the others are raw only."""

ONNX_DATATYPES = {
    "tensor(bool)": "BOOL",
    "tensor(uint8)": "UINT8",
    "tensor(uint16)": "UINT16",
    "tensor(uint32)": "UINT32",
    "tensor(uint64)": "UINT64",
    "tensor(int8)": "INT8",
    "tensor(int16)": "INT16",
    "tensor(int32)": "INT32",
    "tensor(int64)": "INT64",
    "tensor(float16)": "FP16",
    "tensor(bfloat16)": "BF16",
    "tensor(float)": "FP32",
    "tensor(double)": "FP64",
    "tensor(string)": "BYTES",
}
"""ONNX Runtime's type strings -> datatypes."""

BINARY_ONLY = frozenset({"FP16", "BF16"})
"""Datatypes that have no JSON form (OIP v2: "FP16 and BF16 must be sent as raw bytes")."""

FLOATING = frozenset({"FP16", "FP32", "FP64"})
"""Datatypes whose values may be NaN or infinite, which JSON cannot carry."""
