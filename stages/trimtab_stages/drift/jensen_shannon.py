"""Jensen-Shannon distance between counts: square root of the divergence in bits, 0..1.

The divergence (Lin 1991) of two samples of one distribution is not 0. A cell that expects L rows
adds b(L)/n on average, with b the mean over a Poisson count; b is 1 / (8 ln 2) for many rows, as in
Miller's (1955) correction of entropies, up to a third more where few are expected, and L where
hardly any is. That sum is subtracted before the root is taken, so that small windows with many
categories do not look drifted. Empty cells need no smoothing: the divergence is finite for them.
Here 1/n is the sum of the two samples' 1/rows, L is n times a cell's share of both together, and
of C filled cells only C - 1 are free, so the sum counts by (C - 1)/C.

Error. Panes have every row in its cell, so the divergence is that of the raw rows over the same
cells up to rounding (1e-12). Categories are their own cells; those that the reference lacks are one
together. b is read from a table: what is subtracted can be off by 0.2 % of it. The square of the
distance is off by as much, and no more.

Scores are counted in 50 equal cells. Joining values into cells never makes a divergence larger
(data-processing inequality), so the distance is at most the plain one of the raw scores. It lacks
no more than v^2 / (16 ln 2) bits of their divergence, where v is by how much the logarithm of the
ratio of both densities varies within a cell at most: 0.09 bits where it varies by one. (A cell with
shares p and q lacks (p + q)/2 times the divergence inside it, weighed by p and q. That is at most
p q / (p + q)^2 times Jeffreys' divergence inside, by convexity, which is at most v tanh(v / 4).)
Nothing bounds what is lost where v is not bounded: samples that lie apart in one cell look alike.
"""

import numpy as np
from scipy.special import gammaln

from trimtab_stages.drift.merge import Counts, Floats

TABLE_ERROR = 0.002
"""How far the mean under no drift can be off, as a share of it: b is read from a table."""


def jensen_shannon(reference: Counts, observed: Counts) -> Floats:
    """Return the distance of every feature less its mean under no drift, 0..1, [F].

    Its square is that of the raw rows over the same cells, within `TABLE_ERROR` of what is
    subtracted.

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
    expected = pooled / inverse_rows
    cells = np.interp(expected, _EXPECTED, _BIAS, left=0.0).sum(axis=1) * inverse_rows[:, 0]
    freedom = (pooled > 0).sum(axis=1) - 1
    return np.asarray(cells * np.maximum(freedom, 0) / np.maximum(freedom + 1, 1))


def _bias(expected: Floats) -> Floats:
    """Return n times what a cell adds, by the number of rows that it expects, bits."""
    counts = np.arange(400)
    logs = counts * np.log(expected[:, None]) - expected[:, None] - gammaln(counts + 1)
    both = counts + expected[:, None]
    seen = counts * np.log2(np.maximum(2 * counts / both, 1 / both))
    cell = (seen + expected[:, None] * np.log2(2 * expected[:, None] / both)) / 2
    return np.asarray((np.exp(logs) * cell).sum(axis=1), dtype=np.float64)


_EXPECTED: Floats = np.concatenate([[0.0], np.geomspace(1e-4, 200, 300)])
_BIAS: Floats = np.concatenate([[0.0], _bias(_EXPECTED[1:])])
