"""Units: conversion from the source's unit, and the suspicion of a wrong one."""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract.features import Column, ColumnType, Range
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.frame import Frame, Mask, Numbers, Step
from trimtab_stages.ingest.rule_names import Rule

EXPLAINED_FRACTION = 0.95
"""Share of the values that another unit must bring into the range to be suspected."""


@dataclass(frozen=True, slots=True)
class Unit:
    """A unit on its dimension's scale: base value = factor * value + offset.

    Sources of the factors: SI brochure (BIPM, 9th edition) and NIST SP 811, appendix B;
    glucose by its molar mass of 180.156 g/mol.
    """

    dimension: str
    factor: float
    offset: float = 0.0


UNITS: dict[str, Unit] = {
    "K": Unit("temperature", 1.0),
    "degC": Unit("temperature", 1.0, 273.15),
    "degF": Unit("temperature", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
    "mm": Unit("length", 0.001),
    "cm": Unit("length", 0.01),
    "m": Unit("length", 1.0),
    "km": Unit("length", 1000.0),
    "in": Unit("length", 0.0254),
    "ft": Unit("length", 0.3048),
    "mi": Unit("length", 1609.344),
    "m/s": Unit("speed", 1.0),
    "km/h": Unit("speed", 1.0 / 3.6),
    "mph": Unit("speed", 0.44704),
    "kn": Unit("speed", 1852.0 / 3600.0),
    "Pa": Unit("pressure", 1.0),
    "hPa": Unit("pressure", 100.0),
    "mbar": Unit("pressure", 100.0),
    "kPa": Unit("pressure", 1000.0),
    "bar": Unit("pressure", 100_000.0),
    "MPa": Unit("pressure", 1_000_000.0),
    "psi": Unit("pressure", 6894.757),
    "mmHg": Unit("pressure", 133.3224),
    "mg/dL": Unit("glucose", 1.0),
    "mmol/L": Unit("glucose", 18.0156),
    "g": Unit("mass", 0.001),
    "kg": Unit("mass", 1.0),
    "lb": Unit("mass", 0.45359237),
    "t": Unit("mass", 1000.0),
    "W": Unit("power", 1.0),
    "kW": Unit("power", 1000.0),
    "MW": Unit("power", 1_000_000.0),
    "ms": Unit("duration", 0.001),
    "s": Unit("duration", 1.0),
    "min": Unit("duration", 60.0),
    "h": Unit("duration", 3600.0),
    "d": Unit("duration", 86_400.0),
    "1": Unit("ratio", 1.0),
    "%": Unit("ratio", 0.01),
    "ppm": Unit("ratio", 1e-6),
    "deg": Unit("angle", 0.017453292519943295),
    "rad": Unit("angle", 1.0),
    "rpm": Unit("rotation", 1.0),
    "Hz": Unit("rotation", 60.0),
}


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
