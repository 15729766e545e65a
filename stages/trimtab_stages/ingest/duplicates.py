"""Rows that count as one, and which rows form one time series."""

import numpy as np

from trimtab_stages.contract.features import ColumnRole
from trimtab_stages.contract.ingest import Duplicates, IngestRules, Keep
from trimtab_stages.ingest.frame import Frame, Rejected, Step, Whole
from trimtab_stages.ingest.rule_names import Rule


def reject_duplicates(frame: Frame, rules: IngestRules) -> Step:
    """Keep one row of every key: the first or the last in source order."""
    rule = rules.duplicates or Duplicates(key=[rules.time.column])
    group = _group(frame, list(rule.key), rules.time.column)
    # In source order the first of each group is the one that np.unique reports.
    order = np.argsort(frame.source, kind="stable")
    if rule.keep is Keep.LAST:
        order = order[::-1]
    _, first = np.unique(group[order], return_index=True)
    keep = np.zeros(len(frame), np.bool_)
    keep[order[first]] = True
    reason = f"same {', '.join(rule.key)} as a row that is kept ({rule.keep})"
    double = np.flatnonzero(~keep)
    rejected = Rejected(Rule.DUPLICATES, frame.source[double], (reason,) * len(double))
    return Step(Rule.DUPLICATES, frame.take(keep), (rejected,))


def series_columns(rules: IngestRules) -> list[str]:
    """Return the columns whose values tell one time series from another.

    These are the Id columns of a duplicate key that also holds the event time: a sensor's or a
    patient's id. Grids, lags, fills and targets never mix two series.
    """
    key = rules.duplicates.key if rules.duplicates else []
    if rules.time.column not in key:
        return []
    ids = {column.name for column in rules.columns if column.role is ColumnRole.ID}
    return [name for name in key if name in ids and name != rules.time.column]


def series_of(frame: Frame, rules: IngestRules) -> Whole:
    """Number every row's time series; the numbers follow the ids' own order."""
    names = series_columns(rules)
    return _group(frame, names, "") if names else np.zeros(len(frame), np.int64)


def _group(frame: Frame, key: list[str], time_column: str) -> Whole:
    """Number the distinct keys; equal keys, missing values included, share a number."""
    group = np.zeros(len(frame), np.int64)
    for name in key:
        part = _codes(frame, name, time_column)
        _, group = np.unique(group * (int(part.max(initial=0)) + 1) + part, return_inverse=True)
        group = group.astype(np.int64)
    return group


def _codes(frame: Frame, name: str, time_column: str) -> Whole:
    """Number a column's distinct values from 0."""
    if name == time_column:
        values: Whole = frame.time_ns
    elif name in frame.numbers:
        _, numbers = np.unique(frame.numbers[name], return_inverse=True, equal_nan=True)
        return numbers.astype(np.int64)
    else:
        values = frame.categories[name].codes.astype(np.int64)
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
