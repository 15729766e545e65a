"""Wasserstein-1 distance between a window and the reference, from cell counts.

W1(P, Q) is the area between the two distribution functions (Vallender 1974). At the cells' edges
both are known exactly; within a cell both are taken as linear. The first and the last cell have no
outer edge: there, both are taken as uniform over twice the mean excess of an exponential tail
through the two outermost reference cells. The difference of the means is known exactly and is never
more than W1, so it is a floor.

Error. Replacing a distribution by another one with the same cell counts moves W1 by no more than
the distance between the two (triangle inequality). Within a cell of width w that holds a share p
this is p w / 2. In an outer cell of model width h, whose farthest value is M away from its edge e,
it is p max(h / 2, M - h / 2), and, where that is less or M is unknown, by Cauchy and Schwarz
sqrt(p m) + p (|e - mean| + h / 2) with m the mean square about the reference mean.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.cells import NumericTable
from trimtab_stages.drift.merge import Counts, Floats


@dataclass(frozen=True, slots=True)
class Distance:
    """Wasserstein-1 distances in units of the reference's standard deviation.

    A feature that is constant in the reference is measured in root mean squares of the window about
    that constant instead.

    Attributes:
        value: distances, float64 [F].
        error: how far the distance of the raw rows can be from it, float64 [F].
    """

    value: Floats
    error: Floats


def wasserstein(table: NumericTable) -> Distance:
    """Return the distance of every feature's window from its reference; 0 without rows."""
    widths = _widths(table)
    observed, reference = _shares(table.observed), _shares(table.reference)
    area = (widths * _linear_area(observed - reference)).sum(axis=1)
    sides = (
        _Side(observed, table.spread, _reach(table, table.low, table.high)),
        _Side(reference, table.std**2, _reach(table, table.least, table.most)),
    )
    error = _error(table, widths, sides[0]) + _error(table, widths, sides[1])
    unit = np.where(table.std > 0, table.std, np.sqrt(table.spread))
    unit = np.where(unit > 0, unit, 1.0)
    known = table.rows > 0
    value = np.maximum(area, np.abs(table.shift)) / unit
    return Distance(np.where(known, value, 0.0), np.where(known, error / unit, 0.0))


def _shares(counts: Counts) -> Floats:
    return np.asarray(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), dtype=np.float64)


def _linear_area(gains: Floats) -> Floats:
    """Return the mean absolute gap of the two distribution functions over every cell, [F, C].

    Args:
        gains: what the gap gains from a cell's lower end to its upper end, [F, C].
    """
    after = np.cumsum(gains, axis=1)
    before = after - gains
    left, right = np.abs(before), np.abs(after)
    total = left + right
    crossing = (left**2 + right**2) / np.where(total > 0, 2 * total, 1.0)
    return np.asarray(np.where(before * after < 0, crossing, total / 2), dtype=np.float64)


def _widths(table: NumericTable) -> Floats:
    """Return the width of every cell, [F, C]; 0 for padding."""
    widths = np.zeros(table.reference.shape)
    if table.edges.shape[1]:
        widths[:, 1:-1] = np.diff(table.edges, axis=1)
    features, outer = np.arange(len(widths)), _outer_cells(table)
    inner = np.stack([np.minimum(1, outer[1]), np.maximum(outer[1] - 1, 0)])
    tails = [_tail(table, widths, *where) for where in zip(outer, inner, strict=True)]
    widths[:, 0] = tails[0]
    widths[features, outer[1]] = tails[1]
    return widths


def _outer_cells(table: NumericTable) -> Counts:
    """Return the numbers of the first and the last cell, [2, F]."""
    return np.stack([np.zeros_like(table.cells), table.cells - 1])


def _tail(table: NumericTable, widths: Floats, outer: Counts, inner: Counts) -> Floats:
    """Return twice the mean excess beyond an outermost edge; one deviation where unknown, [F]."""
    features = np.arange(len(widths))
    beyond = table.reference[features, outer]
    before = table.reference[features, inner]
    step = widths[features, inner]
    known = (beyond > 0) & (before > 0) & (step > 0)
    ratio = np.where(known, (beyond + before) / np.maximum(beyond, 1), np.e)
    return np.asarray(np.where(known, 2 * step / np.log(ratio), table.std), dtype=np.float64)


def _reach(table: NumericTable, low: Floats, high: Floats) -> Floats:
    """Return how far values go beyond the outermost edges, [2, F]."""
    edges = _outer_edges(table)
    beyond: Floats = np.stack([edges[0] - low, high - edges[1]])
    return np.asarray(np.maximum(beyond, 0.0), dtype=np.float64)


def _outer_edges(table: NumericTable) -> Floats:
    if not table.edges.shape[1]:
        return np.stack([table.mean, table.mean])
    return np.stack([table.edges[:, 0], table.edges[:, -1]])


@dataclass(frozen=True, slots=True)
class _Side:
    """One of the two distributions.

    Attributes:
        shares: share of every cell, [F, C].
        square: mean square about the reference mean, [F].
        reach: how far its values lie beyond the outermost edges, [2, F].
    """

    shares: Floats
    square: Floats
    reach: Floats


def _error(table: NumericTable, widths: Floats, side: _Side) -> Floats:
    """Return by how much linear cells misplace a distribution at most, feature's unit, [F]."""
    features, outer = np.arange(len(widths)), _outer_cells(table)
    inner = side.shares * widths / 2
    inner[features, outer] = 0.0
    share, half = side.shares[features, outer], widths[features, outer] / 2
    bounded = np.where(share > 0, share, 1.0) * np.maximum(half, side.reach - half)
    distant = np.abs(_outer_edges(table) - table.mean)
    moment = np.sqrt(share * side.square) + share * (distant + half)
    tails = np.where(share > 0, np.minimum(bounded, moment), 0.0)
    return np.asarray(inner.sum(axis=1) + tails.sum(axis=0), dtype=np.float64)
