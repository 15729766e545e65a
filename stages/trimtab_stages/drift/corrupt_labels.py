"""CorruptLabels: returned labels contradict a model's surest decisions, of every class.

A model that has become worse errs where it is unsure, or in one class: what it took for calm is
busy now. Labels that were flipped, inverted or joined to other rows do not care how sure a decision
was. So of every decided class the surer half is looked at, by score: labels are corrupt when, in
each class, more than 20 % of it is wrong, and more than 10 % above what was wrong of that class on
the test split. Both must be sure: the lower end of the share's interval is compared.

Only models of two classes are looked at, of which no decision was wrong in more than 30 % of the
test rows; of others the surest decisions say too little.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.quality import share_limits
from trimtab_stages.drift.records import LabelledRows

CLASSES = 2
LEAST_ROWS = 30
"""Labelled rows of the surer half of each class."""
MOST_WRONG = 0.2
MORE_WRONG = 0.1
MOST_WRONG_BEFORE = 0.3


@dataclass(frozen=True, slots=True)
class Contradiction:
    """How often labels contradict the surer half of the decisions, by decided class.

    Attributes:
        rows: rows of the surer half, [2].
        wrong: share of them whose label says otherwise, [2].
        tested: share of all decisions of the class that was wrong on the test split, [2].
    """

    rows: tuple[int, ...]
    wrong: tuple[float, ...]
    tested: tuple[float, ...]


def find_contradiction(labelled: LabelledRows, tested: Counts) -> Contradiction | None:
    """Return the contradiction of corrupt labels; None where there is none.

    Args:
        labelled: rows of a window.
        tested: confusion counts of the test split, [K, K]; rows are true classes.
    """
    if labelled.score is None or tested.shape != (CLASSES, CLASSES):
        return None
    before = 1 - np.diag(tested) / np.maximum(tested.sum(axis=0), 1)
    if not tested.sum(axis=0).all() or (before > MOST_WRONG_BEFORE).any():
        return None
    halves = [_surer_half(labelled, decided) for decided in range(CLASSES)]
    rows = np.array([len(half) for half in halves], dtype=np.int64)
    wrong = np.array(
        [(labelled.truth[half] != decided).sum() for decided, half in enumerate(halves)]
    )
    surely = share_limits(wrong, rows)[0]
    if (rows < LEAST_ROWS).any() or (surely <= np.maximum(MOST_WRONG, before + MORE_WRONG)).any():
        return None
    return Contradiction(
        tuple(rows.tolist()), tuple((wrong / rows).tolist()), tuple(before.tolist())
    )


def _surer_half(labelled: LabelledRows, decided: int) -> Counts:
    """Return the half of a class's decisions whose scores are furthest from the other class's."""
    rows = np.flatnonzero(labelled.decided == decided)
    score = np.asarray(labelled.score)[rows]
    order = np.argsort(-score if decided else score, kind="stable")
    return np.asarray(rows[order[: len(rows) // 2]], dtype=np.int64)
