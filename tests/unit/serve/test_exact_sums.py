"""Sums are the same however rows are shared, down to the last bit."""

from fractions import Fraction

import numpy as np
import pytest

from trimtab_stages.serve.observe.exact_sums import ExactSums, Floats

RANDOM = np.random.default_rng(4)
WILD = RANDOM.normal(size=(3000, 1)) * 10.0 ** RANDOM.integers(-12, 12, (3000, 1))
CASES = [
    pytest.param(RANDOM.normal(size=(3000, 3)), id="ordinary"),
    pytest.param(RANDOM.lognormal(0, 5, (3000, 3)), id="heavy tails"),
    pytest.param(np.concatenate([WILD, -WILD, [[1.0]]]), id="all but nothing cancels"),
]


def sums_of(values: Floats, size: int) -> ExactSums:
    sums = ExactSums(values.shape[1])
    for start in range(0, len(values), size):
        sums.add(values[start : start + size])
    return sums


@pytest.mark.parametrize("values", CASES)
@pytest.mark.parametrize("size", [1, 7, 512, 10_000])
@pytest.mark.parametrize("order", [1, -1])
def test_sums_are_the_correctly_rounded_ones(values: Floats, size: int, order: int) -> None:
    sums = sums_of(values[::order], size)
    exact = [sum(map(Fraction, column)) for column in values.T.tolist()]
    largest = np.abs(values).sum(axis=0)
    assert sums.high.tolist() == [float(total) for total in exact]
    for total, high, low, scale in zip(
        exact, sums.high.tolist(), sums.low.tolist(), largest.tolist(), strict=True
    ):
        assert abs(total - Fraction(high) - Fraction(low)) <= Fraction(scale) / 2**90


def test_no_rows_change_nothing() -> None:
    sums = sums_of(np.ones((3, 2)), 3)
    sums.add(np.empty((0, 2)))
    assert (sums.high.tolist(), sums.low.tolist()) == ([3, 3], [0, 0])
