"""Chance: the probability of such a difference between window and reference, were there none.

Two tests of homogeneity: Pearson's chi-square on the cells (Pearson 1911), where cells are joined
until the smaller sample expects at least five rows in each (Cochran 1954), and a z-test of the
means, which also sees what moves inside one cell. Both take the rows to be independent; where they
are not, chance looks smaller than it is, and the effect size carries the decision.

Error. The first test is defined over the reference's cells, of which panes have every row: its
p-value is that of the raw rows counted by the stored edges, within 1e-9 of it. Mean and deviation
come from sums about the reference mean, in float64: the second p-value is that of the raw values
within 1e-6 of it. A shift below the rounding of a float32 of the reference's size is none.
"""

import numpy as np
from scipy.special import chdtrc, ndtr

from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.merge import Counts, Floats

LEAST_EXPECTED = 5.0
"""Rows that a cell must expect in the smaller of the two samples."""


def cells_p_value(reference: Counts, observed: Counts) -> Floats:
    """Return the chi-square test's p-values, [F]; 1 where fewer than two cells are left.

    Args:
        reference: reference rows per cell, [F, C].
        observed: rows of the window per cell, [F, C].
    """
    groups = _join_sparse(reference, observed)
    first, second = _sum_groups(reference, groups), _sum_groups(observed, groups)
    pooled = first + second
    rows = pooled.sum(axis=1, keepdims=True)
    totals = first.sum(axis=1, keepdims=True), second.sum(axis=1, keepdims=True)
    filled = (pooled > 0) & (totals[0] > 0) & (totals[1] > 0)
    statistic: Floats = np.zeros(len(pooled))
    for counts, total in zip((first, second), totals, strict=True):
        expected = pooled * total / np.maximum(rows, 1)
        off = (counts - expected) ** 2 / np.where(filled, expected, 1.0)
        statistic += np.where(filled, off, 0.0).sum(axis=1)
    freedom = filled.sum(axis=1) - 1
    chance: Floats = np.where(freedom > 0, chdtrc(np.maximum(freedom, 1), statistic), 1.0)
    return chance


def mean_p_value(table: NumericTable) -> Floats:
    """Return the p-values of the z-test of the means, [F].

    The larger of the two deviations counts for the window, so that neither an outlier in it nor
    the lack of one looks like a shift.
    """
    variance = np.maximum(table.deviation, table.std) ** 2
    rows, reference = table.rows, table.reference.sum(axis=1)
    error = np.sqrt(variance / np.maximum(rows, 1) + table.std**2 / np.maximum(reference, 1))
    moved = np.abs(table.shift) > np.finfo(np.float32).eps * np.abs(table.mean)
    z = np.where(error > 0, np.abs(table.shift) / np.where(error > 0, error, 1.0), np.inf)
    chance: Floats = np.where(moved & (rows > 0), 2 * ndtr(-z), 1.0)
    return chance


def numeric_p_value(table: NumericTable) -> Floats:
    """Return twice the smaller of the two p-values (Bonferroni), at most 1, [F]."""
    cells = cells_p_value(table.reference, table.observed)
    both: Floats = np.minimum(2 * np.minimum(cells, mean_p_value(table)), 1.0)
    return both


def _join_sparse(reference: Counts, observed: Counts) -> Counts:
    """Number the groups of neighbouring cells that expect enough rows together, [F, C]."""
    pooled = reference + observed
    smaller = np.minimum(reference.sum(axis=1), observed.sum(axis=1))
    expected = pooled * (smaller / np.maximum(pooled.sum(axis=1), 1))[:, None]
    groups = np.zeros(pooled.shape, dtype=np.int64)
    number = np.zeros(len(pooled), dtype=np.int64)
    gathered = np.zeros(len(pooled))
    for cell in range(pooled.shape[1]):
        groups[:, cell] = number
        gathered += expected[:, cell]
        complete = gathered >= LEAST_EXPECTED
        number += complete
        gathered[complete] = 0.0
    # What is left over at the end joins the last complete group.
    return np.minimum(groups, np.maximum(number - 1, 0)[:, None])


def _sum_groups(counts: Counts, groups: Counts) -> Counts:
    sums = np.zeros(counts.shape, dtype=np.int64)
    features = np.arange(len(counts))[:, None]
    np.add.at(sums, (features, groups), counts)
    return sums
