"""What a served model answers on raw rows, against torch with the run's trained weights."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from demo.client import ask_scores
from trimtab_stages.contract.run import Commit, RunSpec, StageName
from trimtab_stages.export.parity import PARITY_ROWS, enlarge
from trimtab_stages.preprocess.run import read_preprocessor
from trimtab_stages.preprocess.split import Floats, SplitRows, read_splits
from trimtab_stages.store import Store
from trimtab_stages.train.network import network_of, scores_of
from trimtab_stages.train.run import read_layers

LARGEST_ERROR = 1e-4
BATCH_ROWS = 1000


@dataclass(frozen=True)
class ServedParity:
    """What was seen.

    Attributes:
        rows: rows that were asked for, once as JSON and once as binary tensors.
        max_abs_error: largest absolute difference of a served score from torch's.
        json_equals_binary: every score is the same float32, bit by bit, in both forms.
    """

    rows: int
    max_abs_error: float
    json_equals_binary: bool


@dataclass(frozen=True)
class Expected:
    """Raw rows, and what torch says of them.

    Attributes:
        rows: at least 10,000 rows of the snapshot that the run was trained on.
        scores: probability of class 1, float32 [n].
    """

    rows: SplitRows
    scores: Floats


def expected_scores(store: Store, spec: RunSpec, commit: Commit, folder: Path) -> Expected:
    """Score all rows of a run's snapshot with the run's own preprocessing and weights, in torch.

    Args:
        store: where the run's artefacts lie.
        spec: the run; names the snapshot.
        commit: names the preprocessing and the weights.
        folder: scratch folder.
    """
    results = {use.result.stage: use.result for use in commit.stages}
    rows = enlarge(read_splits(store, spec, folder).all(), PARITY_ROWS)
    preprocessor = read_preprocessor(store, results[StageName.PREPROCESS])
    served = results.get(StageName.REFIT, results[StageName.TRAIN])
    with torch.no_grad():
        inputs = torch.from_numpy(preprocessor.transform(rows))
        scores = scores_of(network_of(read_layers(store, served))(inputs)).numpy()
    return Expected(rows, scores)


def measure_served(address: str, model: str, expected: Expected) -> ServedParity:
    """Ask a server for all rows in both forms and compare the answers."""
    rows = expected.rows
    as_json, as_binary = (
        ask_scores(address, model, rows.numeric, rows.time_ns, BATCH_ROWS, binary=form)
        for form in (False, True)
    )
    return ServedParity(
        rows=len(rows),
        max_abs_error=max(_difference(form, expected.scores) for form in (as_json, as_binary)),
        json_equals_binary=as_json.tobytes() == as_binary.tobytes(),
    )


def _difference(answered: Floats, expected: Floats) -> float:
    if answered.shape != expected.shape:
        return float("inf")
    return float(np.abs(answered.astype(np.float64) - expected.astype(np.float64)).max())
