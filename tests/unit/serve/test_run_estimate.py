"""How long the next run is expected to take."""

from math import inf

import pytest

from trimtab_stages.serve.model.run_estimate import Pace, RunEstimate, is_surprise, moved

LIMIT = 0.0005


@pytest.mark.parametrize(
    ("estimate", "measured", "expected"),
    [
        pytest.param(1.0, 0.95, 0.95, id="a little faster"),
        pytest.param(1.0, 0.1, 0.9, id="much faster"),
        pytest.param(1.0, 100.0, 1.02, id="one disturbed run"),
    ],
)
def test_an_estimate_moves_by_bounded_steps(
    estimate: float, measured: float, expected: float
) -> None:
    assert moved(estimate, measured) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("seconds", "explained", "limit", "expected"),
    [
        pytest.param(0.0004, 0.00001, LIMIT, False, id="within the limit"),
        pytest.param(0.0006, 0.00001, LIMIT, True, id="beyond it"),
        pytest.param(0.0006, 0.0004, LIMIT, True, id="beyond it, and should not"),
        pytest.param(0.0012, 0.0010, LIMIT, False, id="beyond it by its rows"),
        pytest.param(0.0300, 0.0010, LIMIT, True, id="beyond what its rows explain"),
        pytest.param(0.0300, 0.0010, inf, False, id="on a thread"),
    ],
)
def test_what_is_believed_at_once(
    seconds: float, explained: float, limit: float, *, expected: bool
) -> None:
    assert is_surprise(seconds, explained, limit) is expected


@pytest.mark.parametrize(
    ("runs", "limit", "one", "hundred"),
    [
        pytest.param([], LIMIT, 1e-4, 1e-4, id="as at warm-up"),
        pytest.param([(1, 0.01)], LIMIT, 0.01, 0.01, id="a slow run on the loop"),
        pytest.param([(1, 0.01)], inf, 1.02e-4, 1.02e-4, id="a slow run on a thread"),
        pytest.param([(10, 0.01)], LIMIT, 0.01, 0.1, id="slow rows on the loop"),
        pytest.param([(10, 0.01), (1, 0.0001)], LIMIT, 0.009, 0.09, id="a quick row as well"),
        pytest.param([(0, 0.0001)] * 9, LIMIT, 1e-4, 1e-4, id="no row"),
    ],
)
def test_runs_correct_what_was_measured_at_warm_up(
    runs: list[tuple[int, float]], limit: float, one: float, hundred: float
) -> None:
    estimate = RunEstimate(Pace(mergeable=True, run_seconds=1e-4, row_seconds=1e-6))
    for rows, seconds in runs:
        estimate.add(rows, seconds, limit)

    assert estimate.seconds(1) == pytest.approx(one, rel=1e-3)
    assert estimate.seconds(100) == pytest.approx(hundred, rel=1e-3)
