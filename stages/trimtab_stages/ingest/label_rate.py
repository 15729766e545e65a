"""Is every class frequent enough in every split, and is there something to learn at all?"""

import numpy as np

from trimtab_stages.contract.ingest import Target
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.frame import Numbers, Whole
from trimtab_stages.ingest.split import MIN_ROWS, SPLIT_NAMES
from trimtab_stages.ingest.target import Labels
from trimtab_stages.ingest.trust import shown_time

MAX_CLASSES = 512
"""Bound of `contract.snapshot.TargetInfo.classes`."""


def check_label_rates(labels: Labels, split: Whole, target: Target) -> None:
    """Fail where a split is empty, a class too rare in it, or its share jumps between splits.

    Args:
        labels: target of the rows that take part.
        split: split of each of them, index into `SPLIT_NAMES`.
        target: the rule.

    Raises:
        StageError: NoRowsLeft or ValidationFailed.
    """
    if len(labels.classes) > MAX_CLASSES:
        raise StageError(
            StageReason.VALIDATION_FAILED,
            f"target {target.name} has {len(labels.classes)} classes, at most {MAX_CLASSES} can be"
            f" told apart; is {target.column} really a class?",
        )
    counts = class_counts(labels, split)
    _refuse_rare_classes(labels, counts, target)
    _refuse_jumps(labels, counts, target)


def class_counts(labels: Labels, split: Whole) -> list[Whole]:
    """Return the number of rows of every class, for every split."""
    classes = len(labels.classes)
    return [
        np.bincount(labels.index[split == number], minlength=classes)
        for number in range(len(SPLIT_NAMES))
    ]


def turning_point(labels: Labels, number: int) -> str:
    """Return a sentence on when a class's share changes most, "" if it never does.

    The most likely change point of a sequence of binomial variables (Hinkley and Hinkley 1970).
    Rows of one instant have no order among themselves: only instants can be turning points.
    """
    hits = labels.index == number
    rows = np.arange(1, len(hits))
    before = np.cumsum(hits)[:-1] / rows
    after = np.cumsum(hits[::-1])[:-1][::-1] / rows[::-1]
    surprise = rows * _entropy(before) + rows[::-1] * _entropy(after)
    surprise[np.diff(labels.end_ns) == 0] = np.inf
    best = int(surprise.argmin())
    if surprise[best] >= len(hits) * _entropy(np.array([hits.mean()]))[0]:
        return ""
    return (
        f" The share of {labels.classes[number]} turns at"
        f" {shown_time(int(labels.end_ns[best + 1]))}: {before[best]:.2%} before,"
        f" {after[best]:.2%} after."
    )


def _entropy(share: Numbers) -> Numbers:
    """Return the entropy of a coin with this share of heads, nats."""
    inner = np.clip(share, np.finfo(np.float64).tiny, 1 - np.finfo(np.float64).eps)
    return -(inner * np.log(inner) + (1 - inner) * np.log1p(-inner))


def _refuse_rare_classes(labels: Labels, counts: list[Whole], target: Target) -> None:
    for name, of_class in zip(SPLIT_NAMES, counts, strict=True):
        rows = int(of_class.sum())
        if rows < MIN_ROWS:
            raise StageError(
                StageReason.NO_ROWS_LEFT,
                f"split {name} has {rows} rows after all rules; see the counts of each rule in"
                " the log, bring more rows, or correct `spec.split` and `spec.target.when`.",
            )
        rarest = int(of_class.argmin())
        if len(of_class) < 2 or of_class[rarest] < float(target.min_rate) * rows:  # noqa: PLR2004 - two classes make a choice
            shares = ", ".join(
                f"{label} {share:.2%}"
                for label, share in zip(labels.classes, of_class / rows, strict=True)
            )
            raise StageError(
                StageReason.VALIDATION_FAILED,
                f"target {target.name} in split {name} ({rows} rows): {shares}; each class needs"
                f" `spec.target.minRate` {target.min_rate:f}.{turning_point(labels, rarest)}"
                " Correct the labels or the target's threshold, or bring more rows.",
            )


def _refuse_jumps(labels: Labels, counts: list[Whole], target: Target) -> None:
    training = counts[0] / counts[0].sum()
    for name, of_class in zip(SPLIT_NAMES[1:], counts[1:], strict=True):
        share = of_class / of_class.sum()
        worst = int(np.abs(share - training).argmax())
        if abs(share[worst] - training[worst]) > float(target.max_rate_change):
            raise StageError(
                StageReason.VALIDATION_FAILED,
                f"target {target.name}: class {labels.classes[worst]} is {training[worst]:.2%} of"
                f" split train, but {share[worst]:.2%} of split {name}, a change above"
                f" `spec.target.maxRateChange` {target.max_rate_change:f}."
                f"{turning_point(labels, worst)} If the labels are faulty from then on, end the"
                " data there with `spec.time.end`; else raise the limit.",
            )
