"""Captured rows: a hash-sampled share of served rows, typed and columnar."""

from trimtab_stages.contract.base import Digest, ObjectName, StoredModel


class CapturedRows(StoredModel):
    """A batch of n captured rows of one version and event-time bucket."""

    model: ObjectName
    """Name of the Model."""
    version: Digest
    """Version that answered."""
    ids: list[str]
    """Inference ids, `<request id>#<row>`, [n]."""
    event_time_ns: list[int]
    """Event times, nanoseconds since 1970, UTC, [n]."""
    received_ns: list[int]
    """Arrival times, nanoseconds since 1970, UTC, [n]."""
    numeric_columns: list[str]
    """Names of the numeric features, [F]."""
    numeric: str
    """float32, little-endian, row-major [n, F], base64."""
    categorical_columns: list[str] = []
    """Names of the categorical features, [C]."""
    categorical: list[list[str]] = []
    """Categories, [n][C]."""
    scores: str
    """float32, little-endian, row-major [n, K], base64."""
    decisions: list[int] = []
    """Decided class index, [n]; empty without a threshold or classes."""
