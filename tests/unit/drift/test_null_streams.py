"""Where nothing has changed, the default rules do nothing."""

import numpy as np
import pytest

from support.contract_samples import EVALUATION
from support.null_streams import (
    Actions,
    act,
    autocorrelated_rows,
    autocorrelated_stream,
    real_pool,
    resampled_stream,
)
from trimtab_stages.contract.monitoring import SignalKind, SignalState, SignalValue


@pytest.mark.parametrize("rows", [250, 1000])
def test_windows_of_real_rows_are_left_alone(rows: int) -> None:
    pool = real_pool()
    total = sum((act(resampled_stream(pool, 10, rows, seed)) for seed in range(10)), Actions())

    assert total.windows == 100
    assert total.any <= 1
    assert total.any == total.decided["quality-drop"]


def test_windows_of_autocorrelated_rows_are_left_alone() -> None:
    learnt = autocorrelated_rows(5_000, 0.8, np.random.default_rng(99))
    total = sum(
        (act(autocorrelated_stream(learnt, 10, 1000, 0.8, seed)) for seed in range(4)),
        Actions(),
    )

    assert total.windows == 40
    assert total.any <= 1


@pytest.mark.parametrize(
    ("shares", "decided"),
    [
        pytest.param([0.3], 0, id="once"),
        pytest.param([0.3, 0.3], 1, id="twice in a row"),
        pytest.param([0.3, 0.1, 0.3], 0, id="twice with a pause"),
        pytest.param([0.3, 0.3, 0.1, 0.3], 2, id="again before it was cleared"),
        pytest.param([0.3, 0.3, 0.1, 0.1, 0.3], 1, id="again after it was cleared"),
    ],
)
def test_drifted_inputs_count_as_the_operator_counts_them(
    shares: list[float], decided: int
) -> None:
    windows = [
        EVALUATION.model_copy(
            update={
                "signals": [
                    SignalValue(
                        name="inputs",
                        kind=SignalKind.INPUT_DRIFT,
                        state=SignalState.MEASURED,
                        value=share,
                    )
                ]
            }
        )
        for share in shares
    ]

    assert act(windows).decided["input-drift"] == decided
