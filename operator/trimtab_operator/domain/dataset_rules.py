"""Contradictions in the rules of a Dataset, found before any row is read."""

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal

from trimtab_operator.api.dataset import DatasetSpec
from trimtab_operator.domain.features import calendar_features, input_columns, uses
from trimtab_operator.domain.leakage import WITHIN, leaking_features
from trimtab_operator.domain.schedule import ScheduleFault, zone
from trimtab_operator.domain.spec_fault import Interval, SpecFault, outside
from trimtab_stages.contract.features import Availability, Column, ColumnType
from trimtab_stages.contract.ingest import IngestRules, MissingStrategy, TargetKind

NUMBER_STRATEGIES = frozenset({MissingStrategy.CONSTANT, MissingStrategy.TRAIN_MEDIAN})
TIME_FORMATS = frozenset({"ISO8601", "EpochSeconds", "EpochMillis"})


def dataset_faults(spec: DatasetSpec) -> list[SpecFault]:
    """Return everything that contradicts itself in a Dataset's spec."""
    return [
        *foreign_uri("spec.source.uri", spec.source.uri),
        *unknown_time_zones(spec),
        *undeclared_columns(spec),
        *misused_columns(spec),
        *repeated_names(spec),
        *impossible_target(spec),
        *impossible_shares(spec),
        *leaking_features(spec),
    ]


def foreign_uri(field: str, uri: str) -> Iterator[SpecFault]:
    """Yield a fault where a URI is no key of the namespace's bucket."""
    if uri.startswith("/") or "://" in uri or ".." in uri:
        yield SpecFault(
            field,
            f"'{uri}' must be relative to the namespace's bucket, without `..`, for example "
            "'raw/rows.csv'",
        )


def unknown_time_zones(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield time zones and time formats that nobody can read."""
    zones = [("spec.time.timezone", rules.time.timezone)]
    if rules.cyclical is not None:
        zones.append(("spec.cyclical.timezone", rules.cyclical.timezone))
    for field, name in zones:
        try:
            zone(name)
        except ScheduleFault as fault:
            yield SpecFault(field, f"{fault}; write for example 'UTC' or 'Europe/Berlin'")
    if rules.time.format not in TIME_FORMATS and "%" not in rules.time.format:
        known = ", ".join(sorted(TIME_FORMATS))
        words = (
            f"'{rules.time.format}' is no pattern; write {known} or for example '%d/%m/%Y %H:%M'"
        )
        yield SpecFault("spec.time.format", words)


def undeclared_columns(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield columns that a rule names and `spec.columns` does not declare."""
    declared = {column.name for column in rules.columns} - {rules.time.column}
    for field, name in _named_columns(rules):
        if name not in declared:
            words = f"column `{name}` is not in `spec.columns`; declare it, or correct the name"
            yield SpecFault(field, words)


def _named_columns(rules: IngestRules) -> Iterator[tuple[str, str]]:
    yield "spec.target.column", rules.target.column
    yield from ((f"spec.lags[{i}].column", rule.column) for i, rule in enumerate(rules.lags))
    yield from ((f"spec.slopes[{i}].column", rule.column) for i, rule in enumerate(rules.slopes))
    for i, rule in enumerate(rules.missing):
        yield from ((f"spec.missing[{i}].columns", name) for name in rule.columns)
    for name in rules.duplicates.key if rules.duplicates is not None else []:
        if name != rules.time.column:
            yield "spec.duplicates.key", name


def misused_columns(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield columns whose type or role does not fit their use."""
    texts = {item.name for item in rules.columns if item.type is ColumnType.CATEGORY}
    for field, name in _number_uses(rules):
        if name in texts:
            yield SpecFault(field, f"column `{name}` is a Category; only numbers can be used here")
    for column in rules.columns:
        yield from _contradicting_fields(column, rules)
    derived = rules.lags or rules.slopes or rules.cyclical
    if not derived and not input_columns(rules):
        yield SpecFault("spec.columns", "no column has role Feature, so there are no model inputs")


def _number_uses(rules: IngestRules) -> Iterator[tuple[str, str]]:
    yield from ((f"spec.lags[{i}].column", rule.column) for i, rule in enumerate(rules.lags))
    yield from ((f"spec.slopes[{i}].column", rule.column) for i, rule in enumerate(rules.slopes))
    for i, rule in enumerate(rules.missing):
        if rule.strategy in NUMBER_STRATEGIES:
            yield from ((f"spec.missing[{i}].columns", name) for name in rule.columns)
    if rules.target.kind is not TargetKind.VALUE or rules.target.when is not None:
        yield "spec.target.column", rules.target.column


def _contradicting_fields(column: Column, rules: IngestRules) -> Iterator[SpecFault]:
    field = f"spec.columns[{column.name}]"
    if column.categories is not None and column.type is not ColumnType.CATEGORY:
        yield SpecFault(f"{field}.categories", "belongs to type Category")
    if column.range is not None and column.type is not ColumnType.NUMBER:
        yield SpecFault(f"{field}.range", "belongs to type Number")
    if column.source_unit is not None and column.unit is None:
        yield SpecFault(f"{field}.sourceUnit", "needs `unit`, which says what to convert to")
    if column.delay_seconds is not None and column.availability is not Availability.AFTER:
        yield SpecFault(f"{field}.delaySeconds", "belongs to availability After")
    if column.delay_seconds is not None and rules.time.grid is None:
        yield SpecFault(f"{field}.delaySeconds", "needs `spec.time.grid` to be counted in steps")
    if column.range is not None:
        yield from _empty_range(f"{field}.range", column.range.min, column.range.max)


def _empty_range(field: str, low: Decimal | None, high: Decimal | None) -> Iterator[SpecFault]:
    if low is not None and high is not None and low > high:
        yield SpecFault(field, f"`min` {low:f} must not be above `max` {high:f}")


def repeated_names(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield names that two columns of the snapshot would have."""
    declared = Counter(column.name for column in rules.columns)
    for name, count in declared.items():
        if count > 1:
            yield SpecFault("spec.columns", f"column `{name}` is declared {count} times")
    made = [use.feature for use in uses(rules)] + calendar_features(rules)
    taken = Counter([*made, rules.target.name, rules.time.column])
    inputs = {column.name for column in input_columns(rules)}
    for name, count in taken.items():
        hidden = name in declared and name not in inputs and name != rules.time.column
        if count > 1 or hidden:
            words = f"`{name}` would name two columns of the snapshot; rename one"
            yield SpecFault("spec", words)


def impossible_target(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield targets that no row could have."""
    target = rules.target
    if target.kind in WITHIN and target.horizon_steps == 0:
        yield SpecFault("spec.target.horizonSteps", f"kind {target.kind} needs at least 1")
    column = next((item for item in rules.columns if item.name == target.column), None)
    classes = {ColumnType.CATEGORY, ColumnType.BOOLEAN}
    if target.kind is TargetKind.VALUE and column is not None and column.type not in classes:
        words = f"kind Value needs column `{column.name}` to have type Category or Boolean"
        yield SpecFault("spec.target.kind", words)
    if target.when is not None:
        yield from _empty_range("spec.target.when", target.when.min, target.when.max)
    for i, rule in enumerate(rules.missing):
        if rule.max_consecutive is not None and rule.strategy is not MissingStrategy.FORWARD_FILL:
            yield SpecFault(f"spec.missing[{i}].maxConsecutive", "belongs to strategy ForwardFill")


def impossible_shares(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield shares outside 0..1, splits without training rows, and time ranges backwards."""
    split, time, target = rules.split, rules.time, rules.target
    yield from outside(
        [
            Interval("spec.split.validation", split.validation, "0.01", "0.9"),
            Interval("spec.split.test", split.test, "0.01", "0.9"),
            Interval("spec.time.maxOutOfOrderFraction", time.max_out_of_order_fraction, "0", "1"),
            Interval("spec.target.trainQuantile", target.train_quantile, "0", "1"),
            Interval("spec.target.minRate", target.min_rate, "0", "0.5"),
            Interval("spec.target.maxRateChange", target.max_rate_change, "0", "1"),
            Interval("spec.maxQuarantinedFraction", rules.max_quarantined_fraction, "0", "1"),
        ]
    )
    if split.validation + split.test >= 1:
        yield SpecFault("spec.split", "`validation` and `test` together must be below 1")
    if time.start is not None and time.end is not None and time.start >= time.end:
        yield SpecFault("spec.time", "`start` must be before `end`")
