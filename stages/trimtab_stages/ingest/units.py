"""Units: conversion from the source's unit, and the suspicion of a wrong one."""

import numpy as np

from trimtab_stages.contract.features import Column, ColumnType, Range
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.contract.units import UNITS
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.frame import Frame, Mask, Numbers, Step
from trimtab_stages.ingest.rule_names import Rule

EXPLAINED_FRACTION = 0.95
"""Share of the values that another unit must bring into the range to be suspected."""


def convert(values: Numbers, source: str, wanted: str) -> Numbers:
    """Return values in unit `wanted`; both units must be known and of one dimension."""
    if source == wanted:
        return values
    start, end = UNITS[source], UNITS[wanted]
    base = values * start.factor + start.offset
    return (base - end.offset) / end.factor


def check_units(rules: IngestRules) -> None:
    """Refuse conversions that cannot be made.

    Raises:
        StageError: InvalidInvocation.
    """
    for column in data_columns(rules):
        if column.source_unit is None or column.source_unit == column.unit:
            continue
        known = [unit for unit in (column.source_unit, column.unit) if unit in UNITS]
        dimensions = {UNITS[unit].dimension for unit in known}
        if len(known) < 2 or len(dimensions) > 1:  # noqa: PLR2004 - the source's unit and the wanted one
            raise StageError(
                StageReason.INVALID_INVOCATION,
                f"column {column.name}: cannot convert sourceUnit {column.source_unit} to unit"
                f" {column.unit}; known units: {', '.join(UNITS)}.",
            )


def convert_units(frame: Frame, rules: IngestRules) -> Step:
    """Convert every column with a `sourceUnit` and look for wrong units.

    Raises:
        StageError: WrongUnit.
    """
    changed = 0
    for column in data_columns(rules):
        if column.type is not ColumnType.NUMBER or column.unit is None:
            continue
        raw = frame.numbers[column.name]
        refuse_wrong_unit(column, raw, float(rules.max_quarantined_fraction))
        if column.source_unit not in {None, column.unit}:
            frame = frame.with_numbers(column.name, _converted(column, raw))
            changed += int((~np.isnan(raw)).sum())
    return Step(Rule.UNITS, frame, changed=changed)


def refuse_wrong_unit(column: Column, raw: Numbers, tolerated: float) -> None:
    """Fail where too many values are out of range and another unit would explain them.

    Args:
        column: its range and units.
        raw: values as they stand in the source; NaN is a missing value.
        tolerated: share of values that may be out of range without suspicion.

    Raises:
        StageError: WrongUnit, naming the unit that fits best.
    """
    present = raw[~np.isnan(raw)]
    if column.range is None or column.unit not in UNITS or len(present) == 0:
        return
    converted = _converted(column, present)
    outside = 1.0 - float(inside(converted, column.range).mean())
    if outside <= tolerated:
        return
    unit, share = _best_explanation(column, present, column.range)
    if share >= EXPLAINED_FRACTION:
        raise StageError(
            StageReason.WRONG_UNIT,
            f"column {column.name}: {outside:.1%} of the values lie outside"
            f" {shown_range(column.range)} {column.unit} (median {np.median(converted):.6g});"
            f" if the source is in {unit}, {share:.1%} lie inside."
            f" Set `spec.columns[].sourceUnit: {unit}`, or correct `spec.columns[].range`.",
        )


def _converted(column: Column, raw: Numbers) -> Numbers:
    unit = str(column.unit)
    return convert(raw, column.source_unit or unit, unit)


def _best_explanation(column: Column, raw: Numbers, limits: Range) -> tuple[str, float]:
    """Return the unit of the source that brings most values into the range, and their share."""
    unit = str(column.unit)
    others = [
        other
        for other, meaning in UNITS.items()
        if other != (column.source_unit or unit) and meaning.dimension == UNITS[unit].dimension
    ]
    shares = {other: float(inside(convert(raw, other, unit), limits).mean()) for other in others}
    best = max(shares, key=lambda other: shares[other], default="")
    return best, shares.get(best, 0.0)


def inside(values: Numbers, limits: Range) -> Mask:
    """Return where values lie in the closed interval; NaN does not."""
    low = -np.inf if limits.min is None else float(limits.min)
    high = np.inf if limits.max is None else float(limits.max)
    return (values >= low) & (values <= high)


def shown_range(limits: Range) -> str:
    """Return an interval for people: `-40..60`, `..60`, `-40..`."""
    low = "" if limits.min is None else f"{limits.min:f}"
    high = "" if limits.max is None else f"{limits.max:f}"
    return f"{low}..{high}"
