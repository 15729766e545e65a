"""Model inputs: columns, calendar, lags and slopes. The same code serves training and clients.

A client that asks a served model computes its request's features so::

    from trimtab_stages.ingest import features

    history = features.History(time_ns, {"glucose": glucose, "isig": isig})
    row = {name: values[-1] for name, values in features.derive(rules, history).items()}
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from trimtab_stages.contract.features import Column, ColumnType, Feature, FeatureKind
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import data_columns, input_columns
from trimtab_stages.ingest.cyclical import cyclical_features, cyclical_names
from trimtab_stages.ingest.frame import Frame, Numbers, Whole
from trimtab_stages.ingest.lags import lag, lag_name, slope, slope_name

MAX_CATEGORIES = 512
MAX_NAME_LENGTH = 256
MAX_UNIT_LENGTH = 32
"""Bounds of `contract.features.Feature`."""


@dataclass(frozen=True, slots=True)
class History:
    """Recent rows of one series, oldest first, one for each grid step.

    Attributes:
        time_ns: event times, nanoseconds since 1970 UTC.
        numbers: values in the columns' declared units; NaN is a missing value.
        segment: numbers the unbroken stretches; one by default.
    """

    time_ns: Whole
    numbers: Mapping[str, Numbers]
    segment: Whole = field(default_factory=lambda: np.zeros(0, np.int64))

    def segments(self) -> Whole:
        """Return the segment of every row."""
        return self.segment if len(self.segment) else np.zeros(len(self.time_ns), np.int64)


@dataclass(frozen=True, slots=True)
class Use:
    """Which values of which column a feature sees.

    Attributes:
        feature: name of the feature.
        column: the column that it is made of.
        offsets: rows relative to the row itself; 0 is the row, negative is the past.
    """

    feature: str
    column: str
    offsets: tuple[int, ...]


def derive(rules: IngestRules, history: History) -> dict[str, Numbers]:
    """Return the derived features of every row: calendar, lags, slopes.

    Args:
        rules: the Dataset's rules.
        history: rows with every column that `lags` and `slopes` name.

    Returns:
        Arrays of shape (rows,) by feature name; NaN where the history is too short.
    """
    segment = history.segments()
    derived: dict[str, Numbers] = {}
    if rules.cyclical is not None:
        derived |= cyclical_features(history.time_ns, rules.cyclical)
    for rule in rules.lags:
        values = history.numbers[rule.column]
        derived |= {lag_name(rule.column, step): lag(values, step, segment) for step in rule.steps}
    for rising in rules.slopes:
        values = history.numbers[rising.column]
        derived |= {
            slope_name(rising.column, step): slope(values, step, segment) for step in rising.steps
        }
    return derived


def uses(rules: IngestRules) -> Iterator[Use]:
    """Yield what every feature sees, in feature order; calendar features see only the clock."""
    for column in input_columns(rules):
        yield Use(column.name, column.name, (0,))
    for rule in rules.lags:
        yield from (Use(lag_name(rule.column, step), rule.column, (-step,)) for step in rule.steps)
    for rising in rules.slopes:
        for step in rising.steps:
            yield Use(slope_name(rising.column, step), rising.column, (-step, 0))


def feature_list(training: Frame, rules: IngestRules) -> list[Feature]:
    """Return the model inputs in tensor order: numeric, then categorical.

    Args:
        training: rows of the training split; what a category column holds there is what a model
            can know, where the rules declare nothing.
        rules: columns and derived features.

    Raises:
        StageError: ValidationFailed for a category column with too many values.
    """
    columns = {column.name: column for column in data_columns(rules)}
    inputs = input_columns(rules)
    numeric = [_own(column) for column in inputs if column.type is not ColumnType.CATEGORY]
    if rules.cyclical is not None:
        source = rules.time.column
        numeric += [
            Feature(name=name, derived_from=source) for name in cyclical_names(rules.cyclical)
        ]
    own = {column.name for column in inputs}
    numeric += [
        Feature(name=use.feature, derived_from=use.column, unit=_unit(use, columns[use.column]))
        for use in uses(rules)
        if use.feature not in own
    ]
    categorical = [
        _categorical(column, training) for column in inputs if column.type is ColumnType.CATEGORY
    ]
    return numeric + categorical


def _categorical(column: Column, training: Frame) -> Feature:
    names = column.categories or training.present_names(column.name)
    if len(names) > MAX_CATEGORIES or any(len(name) > MAX_NAME_LENGTH for name in names):
        raise StageError(
            StageReason.VALIDATION_FAILED,
            f"column {column.name} has {len(names)} different texts, the longest of"
            f" {max(map(len, names))} characters; a Category holds at most {MAX_CATEGORIES} of"
            f" {MAX_NAME_LENGTH}: declare `spec.columns[].categories`, or give it role Id or"
            " Source.",
        )
    return _own(column).model_copy(
        update={"kind": FeatureKind.CATEGORICAL, "categories": list(names)}
    )


def _unit(use: Use, column: Column) -> str | None:
    """Return the column's unit; a slope, which sees two rows, is per step."""
    if column.unit is None or len(use.offsets) == 1:
        return column.unit
    return f"{column.unit} per step"[:MAX_UNIT_LENGTH]


def _own(column: Column) -> Feature:
    return Feature(
        name=column.name, unit=column.unit, range=column.range, description=column.description
    )
