"""Population stability index against a plain computation, and its mean without drift."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trimtab_stages.drift.psi import psi

Counts = npt.NDArray[np.int64]


def brute(reference: list[int], window: list[int]) -> float:
    """Return the index of ten cells less its mean without drift."""
    q, p = (np.array(counts) + 0.5 for counts in (reference, window))
    q, p = q / q.sum(), p / p.sum()
    index = sum(float((b - a) * np.log(b / a)) for a, b in zip(q, p, strict=True))
    return index - (len(q) - 1) * (1 / sum(reference) + 1 / sum(window))


@pytest.mark.parametrize(
    "window",
    [
        pytest.param([100, 100, 100, 100, 100, 100, 100, 100, 100, 300], id="one cell is full"),
        pytest.param([0, 0, 0, 0, 0, 0, 0, 0, 0, 500], id="all in one cell"),
        pytest.param([10, 20, 30, 40, 50, 60, 70, 80, 90, 100], id="a slope"),
    ],
)
def test_ten_cells_give_the_plain_index(window: list[int]) -> None:
    reference = [1000] * 10
    found = psi(np.array([reference]), np.array([window]))

    assert found[0] == pytest.approx(brute(reference, window))


def test_twenty_quantile_cells_are_joined_into_ten() -> None:
    random = np.random.default_rng(0)
    window = random.multinomial(1000, np.linspace(1, 3, 20) / 40)
    joined = window.reshape(10, 2).sum(axis=1)

    assert psi(np.full((1, 20), 50), window[None]) == pytest.approx(
        psi(np.full((1, 10), 100), joined[None])
    )


@given(window=st.lists(st.integers(1, 1000), min_size=20, max_size=20))
@settings(max_examples=50, deadline=None)
def test_finer_cells_would_give_no_smaller_index(window: list[int]) -> None:
    # So many rows that half of one is nothing, and nothing is subtracted for chance.
    fine = np.array([window]) * 10**9
    p, q = fine[0] / fine.sum(), np.full(20, 0.05)
    found = psi(np.full((1, 20), 10**12), fine)[0]

    assert found <= float(((p - q) * np.log(p / q)).sum()) + 1e-9


def test_padding_adds_nothing() -> None:
    reference, window = np.array([[50, 30, 20]]), np.array([[10, 10, 30]])
    padded = [np.pad(counts, ((0, 0), (0, 7))) for counts in (reference, window)]

    assert psi(*padded) == pytest.approx(psi(reference, window))


@pytest.mark.parametrize("rows", [200, 1000])
def test_without_drift_small_windows_look_no_more_drifted_than_large_ones(rows: int) -> None:
    random = np.random.default_rng(rows)
    reference = random.multinomial(20_000, np.full(10, 0.1), size=500)
    window = random.multinomial(rows, np.full(10, 0.1), size=500)
    found = psi(reference, window)

    assert found.mean() < 3 / rows
    assert np.quantile(found, 0.99) < 0.1


def test_no_rows_are_no_drift() -> None:
    assert psi(np.array([[5, 5]]), np.array([[0, 0]])).tolist() == [0.0]
