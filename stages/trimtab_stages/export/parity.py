"""Parity: the exported graph answers as the trained network does, on raw rows."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.export.session import Graph
from trimtab_stages.preprocess.preprocessor import Preprocessor
from trimtab_stages.preprocess.split import Floats, SplitRows
from trimtab_stages.train.network import Dense, network_of, scores_of

PARITY_ROWS = 10_000
HOPELESS = 0.01
"""A difference beyond which no gate needs asking: the graph is wrong, not imprecise."""


@dataclass(frozen=True, slots=True)
class Parity:
    """Evidence of parity.

    Attributes:
        max_abs_error: largest absolute difference of a score.
        rows: rows compared.
    """

    max_abs_error: float
    rows: int


def measure_parity(
    graph: Graph, preprocessor: Preprocessor, layers: Sequence[Dense], rows: SplitRows
) -> Parity:
    """Compare ONNX Runtime with numpy preprocessing and torch on at least 10,000 raw rows.

    Where there are fewer rows they are drawn again with a little noise on the numeric features,
    so that the added rows are new ones.

    Raises:
        StageError: ParityFailed, the difference is hopeless.
    """
    compared = enlarge(rows, PARITY_ROWS)
    with torch.no_grad():
        inputs = torch.from_numpy(preprocessor.transform(compared))
        expected = scores_of(network_of(layers)(inputs)).numpy()
    error = _largest_difference(graph.scores(compared), expected)
    if not error <= HOPELESS:
        raise StageError(
            StageReason.PARITY_FAILED,
            f"ONNX scores differ from torch by up to {error} on {len(compared)} rows; features of "
            "extreme size are the usual cause: add a Scale or Clip lever before the network",
        )
    return Parity(error, len(compared))


def enlarge(rows: SplitRows, at_least: int, seed: int = 0) -> SplitRows:
    """Return the rows, followed by perturbed copies until there are `at_least`."""
    missing = at_least - len(rows)
    if missing <= 0:
        return rows
    random = np.random.default_rng(seed)
    drawn = rows.take(random.integers(0, len(rows), missing))
    spread = rows.numeric.std(axis=0, dtype=np.float64)
    noise = random.normal(0.0, 0.1, drawn.numeric.shape) * spread
    moved = (drawn.numeric + noise).astype(np.float32)
    return SplitRows(
        np.concatenate([rows.numeric, moved]),
        np.concatenate([rows.categorical, drawn.categorical]),
        np.concatenate([rows.target, drawn.target]),
        np.concatenate([rows.time_ns, drawn.time_ns]),
    )


def _largest_difference(found: Floats, expected: Floats) -> float:
    if found.shape != expected.shape:
        return float("inf")
    return float(np.abs(found.astype(np.float64) - expected.astype(np.float64)).max())
