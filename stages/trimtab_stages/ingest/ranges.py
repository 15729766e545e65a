"""Ranges of numbers and sets of categories."""

import numpy as np

from trimtab_stages.contract.features import Column
from trimtab_stages.contract.ingest import IngestRules
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.frame import NO_CATEGORY, Frame, Mask, Rejected, Step
from trimtab_stages.ingest.rule_names import Rule
from trimtab_stages.ingest.units import inside, shown_range


def reject_out_of_range(frame: Frame, rules: IngestRules) -> Step:
    """Reject rows with a number outside its column's range; missing values pass."""
    reasons: dict[int, str] = {}
    for column in data_columns(rules):
        if column.range is not None and column.name in frame.numbers:
            values = frame.numbers[column.name]
            bad = ~np.isnan(values) & ~inside(values, column.range)
            allowed = f"{shown_range(column.range)} {column.unit or ''}".rstrip()
            for position in np.flatnonzero(bad).tolist():
                reason = f"{column.name}: {values[position]:.6g} is outside {allowed}"
                reasons.setdefault(position, reason)
    return _reject(frame, Rule.RANGE, reasons)


def reject_unknown_categories(frame: Frame, rules: IngestRules) -> Step:
    """Reject rows with a category that its column does not declare; missing values pass."""
    reasons: dict[int, str] = {}
    for column in data_columns(rules):
        if column.categories is not None and column.name in frame.categories:
            names = frame.categories[column.name].names
            codes = frame.categories[column.name].codes
            for position in np.flatnonzero(_unknown(frame, column)).tolist():
                reason = f"{column.name}: {names[codes[position]]!r} is no declared category"
                reasons.setdefault(position, reason)
    return _reject(frame, Rule.CATEGORY, reasons)


def _unknown(frame: Frame, column: Column) -> Mask:
    held = frame.categories[column.name]
    declared = set(column.categories or [])
    known = np.array([name in declared for name in held.names] or [True], np.bool_)
    present: Mask = held.codes != NO_CATEGORY
    return present & ~known[np.maximum(held.codes, 0)]


def _reject(frame: Frame, rule: Rule, reasons: dict[int, str]) -> Step:
    positions = np.array(sorted(reasons), np.int64)
    texts = tuple(reasons[position] for position in positions.tolist())
    rejected = Rejected(rule, frame.source[positions], texts)
    keep = np.ones(len(frame), np.bool_)
    keep[positions] = False
    return Step(rule, frame.take(keep), (rejected,))
