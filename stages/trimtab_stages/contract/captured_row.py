"""Captured rows: a hash-sampled share of served rows, typed and columnar."""

from typing import Self

from pydantic import model_validator

from trimtab_stages.contract.base import Digest, ObjectName, StoredModel

FLOAT_BYTES = 4


class CapturedRows(StoredModel):
    """A batch of n captured rows of one version and event-time bucket."""

    model: ObjectName
    """Name of the Model."""
    version: Digest
    """Version that answered, or scored the rows in its shadow."""
    shadow: bool = False
    """Scored after another version's answer: the same rows are there once more, answered."""
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

    @model_validator(mode="after")
    def _columns_are_of_one_length(self) -> Self:
        rows = len(self.ids)
        rests = (self.event_time_ns, self.received_ns, self.decisions or self.ids)
        texts = self.categorical if self.categorical_columns else self.ids
        size = rows * len(self.numeric_columns) * FLOAT_BYTES
        fits = (
            all(len(held) == rows for held in (*rests, texts))
            and all(len(row) == len(self.categorical_columns) for row in self.categorical)
            and len(self.numeric) == (size + 2) // 3 * 4
        )
        if not fits:
            raise ValueError(f"the columns do not have {rows} rows, as many as there are `ids`")
        return self
