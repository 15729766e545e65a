"""Digest of logical content: equal data has one digest, however a file lays out its bytes."""

import hashlib
from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa

from trimtab_stages.contract.base import canonical_json
from trimtab_stages.contract.features import Feature
from trimtab_stages.contract.snapshot import TargetInfo

LITTLE_ENDIAN_FLOAT = np.dtype("<f8")
LITTLE_ENDIAN_INT = np.dtype("<i8")


def content_digest(
    splits: Mapping[str, pa.Table], features: Sequence[Feature], target: TargetInfo
) -> str:
    """Return `sha256:<hex>` over all splits' columns and the feature context.

    For every split in order and every column in order: name, type and row count, a byte for
    each value that says whether it is there, then the values (little-endian; texts with their
    lengths). Negative zero counts as zero.
    """
    hasher = hashlib.sha256()
    context = {"features": [held.to_wire() for held in features], "target": target.to_wire()}
    hasher.update(canonical_json(context))
    for name, table in splits.items():
        for column in table.column_names:
            values = table[column].combine_chunks()
            head = {"split": name, "column": column, "type": str(values.type), "rows": len(values)}
            hasher.update(canonical_json(head))
            hasher.update(_bytes_of(values))
    return f"sha256:{hasher.hexdigest()}"


def _bytes_of(values: pa.Array) -> bytes:
    present = np.asarray(values.is_valid())
    if pa.types.is_string(values.type):
        texts = [(text or "").encode() for text in values.to_pylist()]
        lengths = np.array([len(text) for text in texts], LITTLE_ENDIAN_INT)
        return present.tobytes() + lengths.tobytes() + b"".join(texts)
    if pa.types.is_floating(values.type):
        numbers = np.asarray(values.fill_null(0.0), LITTLE_ENDIAN_FLOAT) + 0.0
        return present.tobytes() + numbers.tobytes()
    whole = np.asarray(values.cast(pa.int64()).fill_null(0), LITTLE_ENDIAN_INT)
    return present.tobytes() + whole.tobytes()
