"""Sums that do not depend on who adds what, and when: each is a pair of floats.

The sum of two floats and what rounding took from it are both floats (Knuth, vol. 2, 4.2.2). Such
pairs hold about 106 bits (Dekker 1971), so that replicas which share rows differently have the same
sum to the last bit of a float, but for one in 2^40 or so.
"""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class ExactSums:
    """Sums of F columns.

    Attributes:
        high: the sums as floats, float64 [F].
        low: what those lack of the sums, float64 [F].
    """

    def __init__(self, columns: int) -> None:
        self.high: Floats = np.zeros(columns)
        self.low: Floats = np.zeros(columns)

    def add(self, values: Floats) -> None:
        """Add rows, [n, F]."""
        if not len(values):
            return
        high, low = _fold(values)
        high, lost = _two_sum(self.high, high)
        self.high, self.low = _two_sum(high, self.low + low + lost)


def _fold(values: Floats) -> tuple[Floats, Floats]:
    """Return the sums of rows, [F] twice: by halves, each of which is one operation on arrays."""
    high, low = values, np.zeros_like(values)
    while len(high) > 1:
        half = len(high) // 2
        odd = high[2 * half :], low[2 * half :]
        found, lost = _two_sum(high[:half], high[half : 2 * half])
        low = low[:half] + low[half : 2 * half] + lost
        high = found
        if len(odd[0]):
            high, low = np.concatenate([high, odd[0]]), np.concatenate([low, odd[1]])
    return high[0], low[0]


def _two_sum(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return the rounded sum of two arrays, and what it lacks of the exact one."""
    total = first + second
    part = total - first
    return total, (first - (total - part)) + (second - part)
