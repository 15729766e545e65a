"""Information loss of a lever: what no linear map can win back from its output."""

import numpy as np
import numpy.typing as npt

MAX_ROWS = 20_000
_RELATIVE_RANK = 1e-10

Matrix = npt.NDArray[np.float64]


def information_loss(before: npt.NDArray[np.floating], after: npt.NDArray[np.floating]) -> float:
    """Return 1 - R^2 of the best linear reconstruction of `before` from `after`, in 0..1.

    All columns of `before` are standardised, so each counts the same; constant columns carry no
    information and count nothing. The best linear map follows from the normal equations with a
    pseudo-inverse, so collinear outputs do no harm.

    Args:
        before: the lever's inputs, [n, d].
        after: the lever's outputs on the same rows, [n, k].
    """
    inputs, outputs = _standardised(before), _standardised(after)
    if inputs.shape[1] == 0:
        return 0.0
    if outputs.shape[1] == 0:
        return 1.0
    rows = len(inputs)
    cross = outputs.T @ inputs / rows
    inverse = np.linalg.pinv(outputs.T @ outputs / rows, rcond=_RELATIVE_RANK, hermitian=True)
    recovered = float(np.sum(cross * (inverse @ cross))) / inputs.shape[1]
    loss = min(1.0, max(0.0, 1.0 - recovered))
    return 0.0 if loss < _RELATIVE_RANK else loss


def sample_rows(rows: int, limit: int = MAX_ROWS) -> npt.NDArray[np.int64]:
    """Return at most `limit` row numbers, evenly spread over 0..rows-1, ascending."""
    return np.unique(np.linspace(0, rows - 1, min(rows, limit)).astype(np.int64))


def _standardised(values: npt.NDArray[np.floating]) -> Matrix:
    x = np.asarray(values, dtype=np.float64)
    x = x - x.mean(axis=0)
    deviation = x.std(axis=0)
    varying = deviation > 1e-12 * max(1.0, float(np.abs(values).max(initial=0.0)))
    return np.asarray(x[:, varying] / deviation[varying], dtype=np.float64)
