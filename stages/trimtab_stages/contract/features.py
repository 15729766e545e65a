"""Feature context: what each column means. It travels from the Dataset to the served model."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from trimtab_stages.contract.base import ColumnName, DecimalString, StrictModel

ShortText = Annotated[str, Field(max_length=256)]


class ColumnType(StrEnum):
    """How a column is read and encoded."""

    NUMBER = "Number"
    """A finite number, float64 in snapshots, float32 in the served graph."""
    CATEGORY = "Category"
    """One of a bounded set of strings."""
    BOOLEAN = "Boolean"
    """true/false, 1/0, yes/no."""
    TIMESTAMP = "Timestamp"
    """An instant; `time` in the ingest rules says how it is parsed."""


class ColumnRole(StrEnum):
    """What a column may be used for."""

    FEATURE = "Feature"
    """May be a model input."""
    SOURCE = "Source"
    """Only derived features and the target may be made of it; never a model input itself."""
    ID = "Id"
    """Identifies a row or an entity; never a model input."""
    PROTECTED = "Protected"
    """A protected attribute: kept for fairness audits, never a model input."""


class Availability(StrEnum):
    """When a column's value is known, relative to the row's own time stamp."""

    AT_EVENT_TIME = "AtEventTime"
    """Known at the row's time stamp."""
    KNOWN_IN_ADVANCE = "KnownInAdvance"
    """Known before the time stamp (calendar, forecast)."""
    AFTER = "After"
    """Known only later; may enter the model through lags alone."""


class Range(StrictModel):
    """A closed interval in the column's declared unit."""

    min: DecimalString | None = None
    """Smallest allowed value, inclusive. Unit: the column's. Default: no lower bound."""
    max: DecimalString | None = None
    """Largest allowed value, inclusive. Unit: the column's. Default: no upper bound."""


class Column(StrictModel):
    """One column of the source and what it means."""

    name: ColumnName
    """Name in snapshots, in requests to the served model, and in the source file."""
    source_name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    """Header in the source file where it differs from `name`. Default: `name`."""
    type: ColumnType = ColumnType.NUMBER
    """How the column is read: Number (default), Category, Boolean or Timestamp."""
    role: ColumnRole = ColumnRole.FEATURE
    """What the column may be used for: Feature (default), Source, Id or Protected."""
    unit: Annotated[str, Field(max_length=32)] | None = None
    """Unit of the values after ingestion, for example degC, mm, mg/dL. Default: none."""
    source_unit: Annotated[str, Field(max_length=32)] | None = None
    """Unit in the source where it differs; values are converted to `unit`. Default: `unit`."""
    range: Range | None = None
    """Plausible values; rows outside are quarantined with rule `Range`. Default: no check."""
    categories: Annotated[list[ShortText], Field(min_length=1, max_length=512)] | None = None
    """Allowed values of a Category column; others are quarantined. Default: those in the data."""
    availability: Availability = Availability.AT_EVENT_TIME
    """When the value is known: AtEventTime (default), KnownInAdvance or After."""
    delay_seconds: Annotated[int, Field(ge=1, le=315_360_000)] | None = None
    """For availability After, with a grid: how long after the row's time stamp the value is known,
    seconds; shorter lags are refused as LeakingTarget. Default: one grid step."""
    description: ShortText | None = None
    """What the column means, in one sentence for people. Default: none."""


class FeatureKind(StrEnum):
    """Which of the served graph's two input tensors carries a feature."""

    NUMERIC = "Numeric"
    """A float32 column of the input tensor `features`."""
    CATEGORICAL = "Categorical"
    """A string column of the input tensor `categories`."""


class Feature(StrictModel):
    """One model input, in the order of its tensor's columns."""

    name: ColumnName
    """Name of the feature: a column's, or the derived feature's."""
    kind: FeatureKind = FeatureKind.NUMERIC
    """Which input tensor carries it."""
    unit: Annotated[str, Field(max_length=32)] | None = None
    """Unit of the values."""
    range: Range | None = None
    """Plausible values."""
    categories: Annotated[list[ShortText], Field(max_length=512)] | None = None
    """Values seen or declared, for categorical features."""
    derived_from: ColumnName | None = None
    """The source column of a derived feature."""
    description: ShortText | None = None
    """What the feature means."""
