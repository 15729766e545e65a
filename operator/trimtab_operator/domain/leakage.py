"""No feature may see what the target is made of; found in the rules, before any row is read."""

from collections.abc import Iterator

from trimtab_operator.domain.features import Use, uses
from trimtab_operator.domain.spec_fault import SpecFault
from trimtab_stages.contract.features import Availability, Column
from trimtab_stages.contract.ingest import IngestRules, Target, TargetKind
from trimtab_stages.contract.reasons import StageReason

WITHIN = frozenset({TargetKind.MIN_WITHIN_BELOW, TargetKind.MAX_WITHIN_ABOVE})


def leaking_features(rules: IngestRules) -> Iterator[SpecFault]:
    """Yield the features that see the target's horizon, or a value before it is known."""
    columns = {column.name: column for column in rules.columns}
    for use in uses(rules):
        column = columns.get(use.column)
        if column is not None:
            yield from _sees_target(use, rules.target)
            yield from _sees_unknown(use, column, rules)


def target_window(target: Target) -> range:
    """Return the rows, relative to the row itself, whose values make the target."""
    last = target.horizon_steps
    return range(1, last + 1) if target.kind in WITHIN else range(last, last + 1)


def delay_steps(column: Column, rules: IngestRules) -> int:
    """Return after how many rows a column's value is known; 0 for most columns."""
    if column.availability is not Availability.AFTER:
        return 0
    if column.delay_seconds is None or rules.time.grid is None:
        return 1
    return max(1, -(-column.delay_seconds // rules.time.grid.interval_seconds))


def _sees_target(use: Use, target: Target) -> Iterator[SpecFault]:
    if use.column == target.column and any(step in target_window(target) for step in use.offsets):
        yield SpecFault(
            use.field,
            f"feature `{use.feature}` sees the value of `{use.column}` that target "
            f"`{target.name}` is made of; give the column role Source and use lags of at least "
            "1 step, or give the target a horizon",
            StageReason.LEAKING_TARGET,
        )


def _sees_unknown(use: Use, column: Column, rules: IngestRules) -> Iterator[SpecFault]:
    delay = delay_steps(column, rules)
    if delay and max(use.offsets) > -delay:
        yield SpecFault(
            use.field,
            f"feature `{use.feature}` sees `{column.name}` before it is known (After); "
            f"use lags of at least {delay} steps and give the column role Source",
            StageReason.LEAKING_TARGET,
        )
