"""Jensen-Shannon distance between counts: square root of the divergence in bits, 0..1.

The divergence (Lin 1991) of two samples of one distribution is not 0: each cell adds
(1/n + 1/m) / (8 ln 2) on average (the bias of Miller 1955 and Madow for entropies), and a cell that
expects no row at all no more than half its share. That mean is subtracted before the root is
taken, so that small windows with many categories do not look drifted. Empty cells need no
smoothing: the divergence is finite for them.
"""

import numpy as np

from trimtab_stages.drift.merge import Counts, Floats

_BIAS = 1 / (8 * np.log(2))


def jensen_shannon(reference: Counts, observed: Counts) -> Floats:
    """Return the distance of every feature less its mean under no drift, 0..1, [F].

    Args:
        reference: reference rows per cell, [F, C].
        observed: rows of the window per cell, [F, C]; a feature without rows has distance 0.
    """
    rows = [counts.sum(axis=1, keepdims=True) for counts in (reference, observed)]
    known = ((rows[0] > 0) & (rows[1] > 0))[:, 0]
    shares = [
        counts / np.maximum(total, 1)
        for counts, total in zip((reference, observed), rows, strict=True)
    ]
    inverse_rows = 1 / np.maximum(rows[0], 1) + 1 / np.maximum(rows[1], 1)
    pooled = (reference + observed) / np.maximum(rows[0] + rows[1], 1)
    divergence = _divergence(*shares) - _chance(pooled, inverse_rows)
    return np.where(known, np.sqrt(np.clip(divergence, 0.0, 1.0)), 0.0)


def _divergence(first: Floats, second: Floats) -> Floats:
    """Return the Jensen-Shannon divergence, bits, [F]."""
    middle = (first + second) / 2
    return np.asarray(_relative(first, middle) + _relative(second, middle), dtype=np.float64) / 2


def _relative(shares: Floats, middle: Floats) -> Floats:
    ratio = np.where(shares > 0, shares, 1.0) / np.where(shares > 0, middle, 1.0)
    return np.asarray((shares * np.log2(ratio)).sum(axis=1), dtype=np.float64)


def _chance(pooled: Floats, inverse_rows: Floats) -> Floats:
    """Return the mean divergence of two samples of one distribution, bits, [F]."""
    freedom = (pooled > 0).sum(axis=1) - 1
    cells = np.minimum(_BIAS * inverse_rows, pooled / 2).sum(axis=1)
    return np.asarray(cells * np.maximum(freedom, 0) / np.maximum(freedom + 1, 1))
