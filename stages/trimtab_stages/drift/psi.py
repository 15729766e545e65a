"""Population stability index over ten reference quantile cells.

PSI = sum of (p - q) ln(p / q), the symmetric Kullback-Leibler divergence (Jeffreys 1946). Half a
row is added to every cell, so that an empty one does not make it infinite. Without any drift its
mean is (cells - 1)(1/n + 1/m), which exceeds common thresholds in small windows (Yurdakul and
Naranjo 2020); that mean is subtracted, with n and m rows in the cells that either sample fills.

Error. The index is defined over cells of the stored reference, and panes have every row in its
cell: it is that of the raw rows, counted by the stored edges, up to rounding (1e-12). Values
without ties fall into the reference's deciles; a cell that ties make larger goes where the middle
of its mass lies, and categories come the most frequent first. What moves inside a cell is not
seen: an index over finer cells, were it of many rows, would be at least as large (log-sum
inequality).
"""

import numpy as np

from trimtab_stages.drift.merge import Counts, Floats

GROUPS = 10
"""Cells of equal reference mass."""

_HALF_A_ROW = 0.5


def psi(reference: Counts, observed: Counts) -> Floats:
    """Return the index of every feature less its mean under no drift, at least 0, [F].

    Equal to that of the raw rows over the same cells, within 1e-12.

    Args:
        reference: reference rows per cell, [F, C]; C quantile cells are joined into ten.
        observed: rows of the window per cell, [F, C].
    """
    first, second = (_regroup(counts, reference) for counts in (reference, observed))
    used = first + second > 0
    p, q = (_smoothed_shares(counts, used) for counts in (second, first))
    ratio = np.where(used, p, 1.0) / np.where(used, q, 1.0)
    index = ((p - q) * np.log(ratio)).sum(axis=1)
    rows = [np.maximum(counts.sum(axis=1), 1) for counts in (first, second)]
    chance = (used.sum(axis=1) - 1) * (1 / rows[0] + 1 / rows[1])
    empty = observed.sum(axis=1) == 0
    return np.where(empty, 0.0, np.maximum(index - chance, 0.0))


def _regroup(counts: Counts, reference: Counts) -> Counts:
    """Join cells into ten by the middle of their reference mass, [F, 10]."""
    rows = np.maximum(reference.sum(axis=1, keepdims=True), 1)
    middle = (np.cumsum(reference, axis=1) - reference / 2) / rows
    groups = np.minimum((middle * GROUPS).astype(np.int64), GROUPS - 1)
    joined = np.zeros((len(counts), GROUPS), dtype=np.int64)
    np.add.at(joined, (np.arange(len(counts))[:, None], groups), counts)
    return joined


def _smoothed_shares(counts: Counts, used: np.ndarray) -> Floats:
    smoothed = np.where(used, counts + _HALF_A_ROW, 0.0)
    total = smoothed.sum(axis=1, keepdims=True)
    return np.asarray(smoothed / np.where(total > 0, total, 1.0), dtype=np.float64)
