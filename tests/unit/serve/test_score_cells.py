"""In which cell a score is counted."""

import numpy as np
import pytest

from trimtab_stages.export.reference import score_counts
from trimtab_stages.serve.observe.cells import score_cells


@pytest.mark.parametrize(
    ("scores", "cells"),
    [
        pytest.param([[0.0]], [0], id="none"),
        pytest.param([[0.019]], [0], id="below the first edge"),
        pytest.param([[0.02]], [1], id="on the first edge"),
        pytest.param([[1.0]], [49], id="sure"),
        pytest.param([[-0.5]], [0], id="below 0"),
        pytest.param([[1.5]], [49], id="above 1"),
        pytest.param([[-1e30]], [0], id="far below 0"),
        pytest.param([[1e30]], [49], id="far above 1"),
        pytest.param([[3e38]], [49], id="the largest that float32 holds"),
        pytest.param([[np.nan], [0.5], [np.inf]], [25], id="only finite ones"),
        pytest.param([[0.1, 0.7, 0.2]], [35], id="of classes, the largest"),
    ],
)
def test_scores_lie_in_fifty_equal_cells(scores: list[list[float]], cells: list[int]) -> None:
    found, counted = score_cells(np.array(scores, np.float32))

    assert found.tolist() == cells
    assert len(counted) == len(cells)


def test_reference_and_window_count_alike() -> None:
    scores = np.random.default_rng(1).random((5000, 3), dtype=np.float32)
    found, _ = score_cells(scores)

    assert np.bincount(found, minlength=50).tolist() == score_counts(scores)
