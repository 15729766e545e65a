"""Missing values: drop the row, carry the last value on, a constant, or the training median."""

from dataclasses import replace

import numpy as np

from trimtab_stages.contract.ingest import IngestRules, Missing, MissingStrategy
from trimtab_stages.ingest.columns import input_columns
from trimtab_stages.ingest.frame import NO_SOURCE, Frame, Mask, Rejected, Step, Whole
from trimtab_stages.ingest.rule_names import Rule


def fill_missing(frame: Frame, rules: IngestRules, train_end_ns: int) -> Step:
    """Apply the missing-value rules in order; then a row without an input is rejected.

    A rejected row stays as a grid point: its other values were good and remain the history of
    later rows. Rows never become shorter here.

    Args:
        frame: rows by series and time, segments set.
        rules: the strategies.
        train_end_ns: rows before this time are the training split, whose median is used.
    """
    changed = 0
    rejected: list[Rejected] = []
    for rule in rules.missing:
        if rule.strategy is MissingStrategy.DROP_ROW:
            frame, dropped = _drop(frame, list(rule.columns))
            rejected.append(dropped)
            continue
        for column in rule.columns:
            before = int(frame.missing(column).sum())
            frame = _fill(frame, column, rule, rules, train_end_ns)
            changed += before - int(frame.missing(column).sum())
    frame, dropped = _drop(frame, [column.name for column in input_columns(rules)])
    return Step(Rule.MISSING, frame, (*rejected, dropped), changed=changed)


def _fill(frame: Frame, column: str, rule: Missing, rules: IngestRules, train_end_ns: int) -> Frame:
    if rule.strategy is MissingStrategy.FORWARD_FILL:
        last = last_present(frame.missing(column), frame.segment, _longest_run(rule, rules))
        if column in frame.categories:
            return frame.with_codes(column, frame.categories[column].codes[last])
        return frame.with_numbers(column, frame.numbers[column][last])
    values = frame.numbers[column]
    if rule.strategy is MissingStrategy.CONSTANT and rule.value is not None:
        constant = float(rule.value)
    else:
        known = values[(frame.time_ns < train_end_ns) & (frame.source != NO_SOURCE)]
        known = known[~np.isnan(known)]
        constant = float(np.median(known)) if len(known) else np.nan
    return frame.with_numbers(column, np.where(np.isnan(values), constant, values))


def last_present(missing: Mask, segment: Whole, longest: int) -> Whole:
    """Return for each row the position of the value to use: its own, or an earlier one.

    Rows whose last value is more than `longest` rows back, or in another segment, keep their
    own (missing) one.
    """
    own = np.arange(len(missing))
    last = np.maximum.accumulate(np.where(missing, -1, own)) if len(own) else own
    usable = (last >= 0) & (own - last <= longest)
    usable &= segment[np.maximum(last, 0)] == segment
    return np.where(usable, last, own)


def _longest_run(rule: Missing, rules: IngestRules) -> int:
    if rule.max_consecutive is not None:
        return rule.max_consecutive
    grid = rules.time.grid
    if grid is None or grid.max_gap_seconds is None:
        return 1
    return grid.max_gap_seconds // grid.interval_seconds


def _drop(frame: Frame, columns: list[str]) -> tuple[Frame, Rejected]:
    """Reject the rows of the source that lack a value in any of the columns."""
    lacking = np.array([frame.missing(column) for column in columns], np.bool_)
    lacking = lacking.reshape(len(columns), len(frame))
    dropped = np.flatnonzero(lacking.any(axis=0) & (frame.source != NO_SOURCE))
    reasons = _reasons(lacking[:, dropped], columns)
    rejected = Rejected(Rule.MISSING, frame.source[dropped], reasons)
    source = frame.source.copy()
    source[dropped] = NO_SOURCE
    return replace(frame, source=source), rejected


def _reasons(lacking: Mask, columns: list[str]) -> tuple[str, ...]:
    """Return a sentence for every row (column of `lacking`); rows share few patterns."""
    if lacking.size == 0:
        return ()
    patterns, pattern = np.unique(lacking, axis=1, return_inverse=True)
    texts = [
        f"no value in {', '.join(name for name, lacks in zip(columns, held, strict=True) if lacks)}"
        for held in patterns.T
    ]
    return tuple(texts[number] for number in pattern.ravel().tolist())
