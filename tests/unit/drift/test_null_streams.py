"""Where nothing has changed, the default rules do nothing."""

import numpy as np
import pytest

from support.null_streams import (
    Actions,
    act,
    autocorrelated_rows,
    autocorrelated_stream,
    champion_of,
    real_pool,
    resampled_stream,
)


@pytest.mark.parametrize("rows", [250, 1000])
def test_windows_of_real_rows_are_left_alone(rows: int) -> None:
    pool = real_pool()
    champion = champion_of(pool)
    total = sum(
        (act(resampled_stream(pool, champion, 10, rows, seed)) for seed in range(10)), Actions()
    )

    assert total.windows == 100
    assert total.faults == total.inputs == 0
    assert total.any <= 1


def test_windows_of_autocorrelated_rows_are_left_alone() -> None:
    champion = champion_of(autocorrelated_rows(5_000, 0.8, np.random.default_rng(99)))
    total = sum(
        (act(list(autocorrelated_stream(champion, 10, 1000, 0.8, seed))) for seed in range(4)),
        Actions(),
    )

    assert total.windows == 40
    assert total.any <= 1
