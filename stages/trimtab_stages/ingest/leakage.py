"""No feature may see what the target is made of: by the rules, and by the data."""

from collections.abc import Mapping

import numpy as np

from trimtab_stages.contract.features import Availability, Column
from trimtab_stages.contract.ingest import IngestRules, Target, TargetKind
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.columns import data_columns
from trimtab_stages.ingest.features import Use, uses
from trimtab_stages.ingest.frame import Numbers, Whole

MAX_SINGLE_FEATURE_ACCURACY = 0.995
"""A single feature that tells the classes apart better than this is the target in disguise."""

MAX_BINS = 64
MIN_ROWS_PER_BIN = 20


def refuse_leaking_rules(rules: IngestRules) -> None:
    """Fail where a feature sees the target's horizon, or a value before it is known.

    Raises:
        StageError: LeakingTarget.
    """
    columns = {column.name: column for column in data_columns(rules)}
    window = target_window(rules.target)
    for use in uses(rules):
        _refuse_unavailable(use, columns[use.column], rules)
        seen = [offset for offset in use.offsets if offset in window]
        if use.column == rules.target.column and seen:
            raise StageError(
                StageReason.LEAKING_TARGET,
                f"feature {use.feature} sees {use.column} {_when(seen[0])}, and target"
                f" {rules.target.name} is made of that value; give the column role Source and use"
                " lags of at least 1 step, or give the target a horizon.",
            )


def target_window(target: Target) -> range:
    """Return the rows, relative to the row itself, whose values make the target."""
    last = target.horizon_steps
    within = target.kind in {TargetKind.MIN_WITHIN_BELOW, TargetKind.MAX_WITHIN_ABOVE}
    return range(1, last + 1) if within else range(last, last + 1)


def delay_steps(column: Column, rules: IngestRules) -> int:
    """Return after how many rows a column's value is known; 0 for most columns."""
    if column.availability is not Availability.AFTER:
        return 0
    if column.delay_seconds is None or rules.time.grid is None:
        return 1
    return max(1, -(-column.delay_seconds // rules.time.grid.interval_seconds))


def refuse_leaking_data(
    inputs: Mapping[str, Numbers], index: Whole, classes: int, target: Target
) -> None:
    """Fail where one feature alone tells the classes apart almost perfectly.

    Args:
        inputs: features of the training split in time order, categories as codes; those made of
            the target's own column are left out, `refuse_leaking_rules` has judged them exactly.
        index: class of each row.
        classes: number of classes.
        target: for the message.

    Raises:
        StageError: LeakingTarget.
    """
    for name, values in inputs.items():
        accuracy = single_feature_accuracy(values, index, classes)
        if accuracy > MAX_SINGLE_FEATURE_ACCURACY:
            raise StageError(
                StageReason.LEAKING_TARGET,
                f"feature {name} alone predicts target {target.name} with balanced accuracy"
                f" {accuracy:.4f}: it is made of the target, or known only after it. Give it role"
                " Source or availability After, or leave it out.",
            )


def single_feature_accuracy(values: Numbers, index: Whole, classes: int) -> float:
    """Return the balanced accuracy of the best guess from one feature's bins.

    The guess is learnt on every other row and scored on the rest, so that many bins do not
    look like knowledge. Fewer than 20 rows of a class prove nothing: 0.
    """
    present = [values[index == number] for number in range(classes)]
    if classes < 2 or min(map(len, present)) < MIN_ROWS_PER_BIN:  # noqa: PLR2004 - a choice needs two
        return 0.0
    # Quantiles of every class, so that a rare class has bins of its own.
    edges = np.unique(np.concatenate([_quantiles(held) for held in present]))
    binned = np.searchsorted(edges, values, side="right")
    counts = np.zeros((len(edges) + 1, classes))
    np.add.at(counts, (binned[::2], index[::2]), 1)
    guess = (counts / np.maximum(counts.sum(axis=0), 1)).argmax(axis=1)[binned[1::2]]
    truth = index[1::2]
    recalls = [float((guess[truth == c] == c).mean()) for c in range(classes) if (truth == c).any()]
    return float(np.mean(recalls)) if len(recalls) == classes else 0.0


def _quantiles(values: Numbers) -> Numbers:
    bins = min(MAX_BINS, len(values) // MIN_ROWS_PER_BIN)
    return np.quantile(values, np.linspace(0, 1, bins, endpoint=False))


def _refuse_unavailable(use: Use, column: Column, rules: IngestRules) -> None:
    delay = delay_steps(column, rules)
    if delay and max(use.offsets) > -delay:
        raise StageError(
            StageReason.LEAKING_TARGET,
            f"feature {use.feature} sees {use.column} {_when(max(use.offsets))}, but its value is"
            f" known only {delay} steps after its time stamp (availability After); use lags of at"
            f" least {delay} steps and give the column role Source.",
        )


def _when(offset: int) -> str:
    if offset == 0:
        return "at the row itself"
    return f"{-offset} steps back" if offset < 0 else f"{offset} steps ahead"
