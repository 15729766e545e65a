"""Refuses rules that contradict each other, before any data is read."""

from collections import Counter
from collections.abc import Iterator

from trimtab_stages.contract.features import Availability, Column, ColumnType
from trimtab_stages.contract.ingest import IngestRules, MissingStrategy, TargetKind
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import data_columns, input_columns, source_headers
from trimtab_stages.ingest.cyclical import cyclical_names
from trimtab_stages.ingest.event_time import check_timezone
from trimtab_stages.ingest.features import uses
from trimtab_stages.ingest.leakage import refuse_leaking_rules
from trimtab_stages.ingest.units import check_units

WITHIN = frozenset({TargetKind.MIN_WITHIN_BELOW, TargetKind.MAX_WITHIN_ABOVE})
NUMBER_STRATEGIES = frozenset({MissingStrategy.CONSTANT, MissingStrategy.TRAIN_MEDIAN})


def check_rules(rules: IngestRules) -> None:
    """Refuse rules that cannot be followed.

    Raises:
        StageError: InvalidInvocation with every fault found, or LeakingTarget.
    """
    check_timezone(rules.time.timezone, "`spec.time.timezone`")
    if rules.cyclical is not None:
        check_timezone(rules.cyclical.timezone, "cyclical.timezone")
    if faults := list(_faults(rules)):
        raise StageError(StageReason.INVALID_INVOCATION, "; ".join(faults))
    check_units(rules)
    refuse_leaking_rules(rules)


def _faults(rules: IngestRules) -> Iterator[str]:
    columns = {column.name: column for column in data_columns(rules)}
    yield from _unknown_names(rules, columns)
    yield from _wrong_types(rules, columns)
    yield from _double_names(rules)
    yield from _delays(rules)
    yield from _impossible_target(rules)
    if rules.split.validation + rules.split.test >= 1:
        yield "split: validation and test together must leave rows for training (sum below 1)"


def _unknown_names(rules: IngestRules, columns: dict[str, Column]) -> Iterator[str]:
    named = {
        "target.column": [rules.target.column],
        "lags[].column": [rule.column for rule in rules.lags],
        "slopes[].column": [rule.column for rule in rules.slopes],
        "missing[].columns": [name for rule in rules.missing for name in rule.columns],
        "duplicates.key": [
            name
            for name in (rules.duplicates.key if rules.duplicates else [])
            if name != rules.time.column
        ],
    }
    for field, names in named.items():
        for name in names:
            if name not in columns:
                known = ", ".join(columns)
                yield f"{field}: {name} is not declared in columns ({known})"


def _wrong_types(rules: IngestRules, columns: dict[str, Column]) -> Iterator[str]:
    numeric = {name for name, column in columns.items() if column.type is not ColumnType.CATEGORY}
    for field, name in _number_uses(rules):
        if name in columns and name not in numeric:
            yield f"{field}: {name} is a Category, only numbers can be used there"
    for column in columns.values():
        if column.categories is not None and column.type is not ColumnType.CATEGORY:
            yield f"columns[{column.name}].categories: only for type Category"
        if column.range is not None and column.type is not ColumnType.NUMBER:
            yield f"columns[{column.name}].range: only for type Number"
        if column.source_unit is not None and column.unit is None:
            yield f"columns[{column.name}].sourceUnit: unit must say what to convert to"
    if not input_columns(rules) and not rules.lags and not rules.slopes and not rules.cyclical:
        yield "columns: no column has role Feature, so the model would have no inputs"


def _number_uses(rules: IngestRules) -> Iterator[tuple[str, str]]:
    yield from (("lags[].column", rule.column) for rule in rules.lags)
    yield from (("slopes[].column", rule.column) for rule in rules.slopes)
    for rule in rules.missing:
        if rule.strategy in NUMBER_STRATEGIES:
            yield from ((f"missing[] {rule.strategy}", name) for name in rule.columns)
    if rules.target.kind is not TargetKind.VALUE or rules.target.when is not None:
        yield "target.column", rules.target.column


def _double_names(rules: IngestRules) -> Iterator[str]:
    names = [use.feature for use in uses(rules)]
    names += cyclical_names(rules.cyclical) if rules.cyclical else []
    names += [rules.target.name, rules.time.column]
    declared = Counter(column.name for column in rules.columns)
    yield from (f"columns: {name} is declared twice" for name, n in declared.items() if n > 1)
    for name, count in Counter(names).items():
        if count > 1:
            yield f"{name} is the name of two snapshot columns (features, target, time)"
    inputs = {column.name for column in input_columns(rules)}
    protected = set(declared) - inputs - {rules.time.column}
    for header, count in Counter(source_headers(rules).values()).items():
        if count > 1:
            yield f"columns: {count} columns are read from the source's {header}"
    for name in sorted(protected & (set(names) - inputs)):
        if name != rules.time.column:
            yield f"{name} is both a column of the source and a derived feature or the target"


def _delays(rules: IngestRules) -> Iterator[str]:
    for column in data_columns(rules):
        if column.delay_seconds is None:
            continue
        if column.availability is not Availability.AFTER:
            yield f"columns[{column.name}].delaySeconds: only for availability After"
        if rules.time.grid is None:
            yield f"columns[{column.name}].delaySeconds: needs time.grid to be counted in steps"


def _impossible_target(rules: IngestRules) -> Iterator[str]:
    target = rules.target
    columns = {column.name: column for column in rules.columns}
    if target.kind in WITHIN and target.horizon_steps == 0:
        yield f"target.horizonSteps: kind {target.kind} needs at least 1"
    if target.train_quantile is not None and not 0 <= target.train_quantile <= 1:
        yield f"target.trainQuantile: {target.train_quantile:f} is not within 0..1"
    column = columns.get(target.column)
    of_classes = {ColumnType.CATEGORY, ColumnType.BOOLEAN}
    if target.kind is TargetKind.VALUE and column is not None and column.type not in of_classes:
        yield f"target.kind Value: {column.name} must be a Category or Boolean column"
