"""Ingest rules: how raw rows become an immutable snapshot. Every rule is explicit."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from trimtab_stages.contract.base import ColumnName, DecimalString, StrictModel, UtcTime
from trimtab_stages.contract.capture import CaptureSource
from trimtab_stages.contract.features import Column, Range

Uri = Annotated[str, Field(min_length=1, max_length=1024)]
Seconds = Annotated[int, Field(ge=0, le=315_360_000)]
LagStep = Annotated[int, Field(ge=0, le=100_000)]
LagSteps = Annotated[list[LagStep], Field(min_length=1, max_length=64)]
SlopeStep = Annotated[int, Field(ge=1, le=100_000)]
SlopeSteps = Annotated[list[SlopeStep], Field(min_length=1, max_length=64)]


class SourceFormat(StrEnum):
    """File format of the source."""

    CSV = "CSV"
    """Text with a header line; `.gz` is read as gzip."""
    PARQUET = "Parquet"
    """Apache Parquet."""


class Source(StrictModel):
    """Where raw rows come from."""

    uri: Uri
    """File, folder or prefix, relative to the namespace's bucket (`raw/bikes.csv`) or, for
    `trimtab run`, to the manifest's folder. A trailing slash means all files below, by name."""
    format: SourceFormat = SourceFormat.CSV
    """CSV (default) or Parquet."""
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    """Field separator of CSV files. Default: a comma."""
    na_tokens: Annotated[list[Annotated[str, Field(max_length=32)]], Field(max_length=16)] = [
        "",
        "NA",
        "NaN",
        "nan",
        "null",
        "nil",
    ]
    """Cell texts that mean a missing value. Default: empty, NA, NaN, nan, null, nil."""
    capture: CaptureSource | None = None
    """Served rows whose labels have returned, added to the file's whenever a DriftMonitor of the
    Model decides to retrain. The file alone gives thresholds and fill values, and `time.start` and
    `time.end` hold for it alone. Default: none."""


class Keep(StrEnum):
    """Which of several rows with one key stays."""

    FIRST = "First"
    """The first in source order."""
    LAST = "Last"
    """The last in source order."""


class Gaps(StrEnum):
    """What happens at a hole longer than the gap limit."""

    SPLIT = "Split"
    """A new segment begins: no lag, slope or target reaches across."""
    FAIL = "Fail"
    """The snapshot fails."""


class Grid(StrictModel):
    """A regular sampling grid; without it the rows keep their own stamps."""

    interval_seconds: Annotated[int, Field(ge=1, le=31_536_000)]
    """Sampling interval, seconds."""
    tolerance_seconds: Seconds = 0
    """How far a stamp may lie from its grid point, seconds. Default: 0. Rows farther away are
    quarantined with rule `OffGrid`."""
    max_gap_seconds: Annotated[int, Field(ge=1, le=315_360_000)] | None = None
    """Longest hole that missing-value rules may fill, seconds. Default: one interval."""
    on_gap: Gaps = Gaps.SPLIT
    """At a longer hole: Split (default) starts a new segment, Fail stops."""


class TimeRules(StrictModel):
    """How the rows' event time is read and trusted."""

    column: ColumnName
    """The column with the event time."""
    format: Annotated[str, Field(max_length=64)] = "ISO8601"
    """`ISO8601` (default), `EpochSeconds`, `EpochMillis`, or a strptime pattern."""
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    """IANA time zone of stamps that carry none. Default: UTC. Snapshots are in UTC."""
    start: UtcTime | None = None
    """Rows before this instant are left out. Default: from the first row."""
    end: UtcTime | None = None
    """Rows at or after this instant are left out. Default: to the last row."""
    grid: Grid | None = None
    """Regular sampling grid. Default: none."""
    max_out_of_order_fraction: DecimalString = Field(default="0.05", validate_default=True)
    """Largest tolerated fraction of rows that are out of time order; rows are sorted. Default 0.05;
    above it the snapshot fails with TimestampsUntrusted."""


class Duplicates(StrictModel):
    """Which rows count as one."""

    key: Annotated[list[ColumnName], Field(min_length=1, max_length=16)]
    """Columns whose equal values make rows duplicates."""
    keep: Keep = Keep.FIRST
    """Which one stays: First (default) or Last. The others are quarantined."""


class MissingStrategy(StrEnum):
    """What is done about a missing value."""

    DROP_ROW = "DropRow"
    """The row is quarantined."""
    FORWARD_FILL = "ForwardFill"
    """The last value is carried on, at most `maxConsecutive` rows."""
    CONSTANT = "Constant"
    """`value` is put in."""
    TRAIN_MEDIAN = "TrainMedian"
    """The median of the training split is put in."""


class Missing(StrictModel):
    """A rule for missing values of some columns."""

    columns: Annotated[list[ColumnName], Field(min_length=1, max_length=256)]
    """Columns that the rule applies to."""
    strategy: MissingStrategy
    """DropRow, ForwardFill, Constant or TrainMedian."""
    max_consecutive: Annotated[int, Field(ge=1, le=100_000)] | None = None
    """Longest run that ForwardFill fills, rows. Default: the grid's gap limit."""
    value: DecimalString | None = None
    """The constant of strategy Constant. Default: none."""

    @model_validator(mode="after")
    def _constant_has_value(self) -> Self:
        if (self.strategy is MissingStrategy.CONSTANT) != (self.value is not None):
            raise ValueError("`value` must be set for strategy Constant, and for it alone")
        return self


class CyclicPart(StrEnum):
    """A calendar part that is encoded as sine and cosine."""

    HOUR_OF_DAY = "HourOfDay"
    """0-24 h."""
    DAY_OF_WEEK = "DayOfWeek"
    """Monday to Sunday."""
    DAY_OF_YEAR = "DayOfYear"
    """0-365.2425 days."""


class Cyclical(StrictModel):
    """Calendar features `<part>_sin` and `<part>_cos` of the event time."""

    parts: Annotated[list[CyclicPart], Field(min_length=1, max_length=3)]
    """Calendar parts: HourOfDay, DayOfWeek, DayOfYear."""
    timezone: Annotated[str, Field(max_length=64)] = "UTC"
    """IANA time zone whose calendar is meant. Default: UTC."""


class Lags(StrictModel):
    """Features `<column>_lag<k>`: the column's value k grid steps ago, within one segment."""

    column: ColumnName
    """Column to look back on."""
    steps: LagSteps
    """How many grid steps back. Unit: steps of the grid, or rows without a grid."""


class Slopes(StrictModel):
    """Features `<column>_slope<k>`: (value now - value k steps ago) / k, unit per step."""

    column: ColumnName
    """Column to take slopes of."""
    steps: SlopeSteps
    """Distances, grid steps."""


class TargetKind(StrEnum):
    """How the target is made of its source column."""

    VALUE = "Value"
    """The column's own value (classification of a Category or Boolean column)."""
    ABOVE = "Above"
    """1 where the value is above a threshold."""
    MIN_WITHIN_BELOW = "MinWithinBelow"
    """1 where the minimum over the horizon is below a threshold."""
    MAX_WITHIN_ABOVE = "MaxWithinAbove"
    """1 where the maximum over the horizon is above a threshold."""


class Target(StrictModel):
    """What is predicted. Features may never see what the target is made of."""

    name: ColumnName
    """Name of the target."""
    column: ColumnName
    """Column that the target is made of."""
    kind: TargetKind
    """Value, Above, MinWithinBelow or MaxWithinAbove."""
    threshold: DecimalString | None = None
    """Threshold in the column's unit. Default: none."""
    train_quantile: DecimalString | None = None
    """Threshold as a quantile of the column over the training split, 0..1, for example "0.5" for
    the training median. Default: none."""
    horizon_steps: Annotated[int, Field(ge=0, le=100_000)] = 0
    """How many steps after the row the target reaches; the horizon starts one step after the row
    for MinWithinBelow and MaxWithinAbove. Unit: grid steps. Default: 0, the row itself."""
    when: Range | None = None
    """Rows take part only where the column lies in this range now. Default: all rows."""
    min_rate: DecimalString = Field(default="0.005", validate_default=True)
    """Smallest plausible share of the rarest class in each split; below it the snapshot fails
    with ValidationFailed. Default: 0.005."""
    max_rate_change: DecimalString = Field(default="0.5", validate_default=True)
    """Largest plausible change of a class's share from the training split to a later one, 0..1;
    above it the snapshot fails with ValidationFailed: labels that change so much are usually faulty
    from some date on. Default: 0.5."""

    @model_validator(mode="after")
    def _one_threshold(self) -> Self:
        given = (self.threshold is not None) + (self.train_quantile is not None)
        wanted = 0 if self.kind is TargetKind.VALUE else 1
        if given != wanted:
            raise ValueError(
                f"target kind {self.kind} needs {wanted} of `threshold` and `trainQuantile`, "
                f"found {given}"
            )
        return self


class Split(StrictModel):
    """Temporal split: train, then validation, then test, with an embargo between them."""

    validation: DecimalString = Field(default="0.15", validate_default=True)
    """Share of the rows, the later ones, for validation. Default: 0.15."""
    test: DecimalString = Field(default="0.15", validate_default=True)
    """Share of the rows, the newest, for test. Default: 0.15."""
    embargo_seconds: Seconds = 0
    """Rows within this time before a split's end are left out, seconds. Default: 0; at least the
    target's horizon is always kept."""


class IngestRules(StrictModel):
    """All rules from raw rows to a snapshot, in the order in which they act."""

    columns: Annotated[list[Column], Field(min_length=1, max_length=512)]
    """Declared columns; others in the source are left out. A list-map by name."""
    time: TimeRules
    """Event time and sampling."""
    duplicates: Duplicates | None = None
    """Duplicate rule. Default: the time column is the key, the first row stays."""
    missing: Annotated[list[Missing], Field(max_length=64)] = []
    """Missing-value rules, in order. Default: rows with a missing feature are quarantined."""
    cyclical: Cyclical | None = None
    """Calendar features. Default: none."""
    lags: Annotated[list[Lags], Field(max_length=64)] = []
    """Lag features. Default: none."""
    slopes: Annotated[list[Slopes], Field(max_length=64)] = []
    """Slope features. Default: none."""
    target: Target
    """What is predicted."""
    split: Split = Field(default_factory=Split)
    """Temporal split. Default: 70 % train, 15 % validation, 15 % test."""
    max_quarantined_fraction: DecimalString = Field(default="0.2", validate_default=True)
    """Largest tolerated share of quarantined rows; above it the snapshot fails with
    ValidationFailed. Default: 0.2."""
