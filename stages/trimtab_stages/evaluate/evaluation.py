"""The stored result of stage `evaluate`."""

import numpy as np
from pydantic import Field

from trimtab_stages.contract.base import StoredModel, StrictModel
from trimtab_stages.contract.gates import Estimate
from trimtab_stages.contract.run import ConfusionMatrix
from trimtab_stages.evaluate.scored import Scored
from trimtab_stages.evaluate.tally import CALIBRATION_BINS, claims, equal_mass_bins

EVALUATION = "evaluation"
"""Output of stage `evaluate`: JSON of `Evaluation`."""


class ReliabilityBin(StrictModel):
    """One of ten equal-mass bins of claimed probabilities on the test split."""

    rows: int
    """Rows in the bin."""
    claimed: float
    """Mean claimed probability."""
    observed: float
    """Share that came true."""


class Evaluation(StoredModel):
    """What the judged graph shows on the test split, and the thresholds."""

    judged_threshold: float | None = None
    """Threshold of the judged graph, chosen on the validation split; two classes only."""
    served_threshold: float | None = None
    """Threshold of the served graph: the same, unless it was refitted."""
    estimates: list[Estimate]
    """Metrics of the judged graph on the test split."""
    versus_champion: list[Estimate] | None = None
    """Paired differences; none without a champion, empty where it cannot be compared."""
    champion_favoured: bool = False
    """Whether the champion has learnt from rows that were compared."""
    comparison: str = ""
    """On which rows the champion was compared, or why not; one sentence."""
    confusion: ConfusionMatrix
    """Confusion matrix of the judged graph on the test split."""
    reliability: list[ReliabilityBin] = Field(default_factory=list)
    """Reliability curve, by rising probability."""


def build_confusion(scored: Scored, classes: list[str]) -> ConfusionMatrix:
    """Return the confusion matrix of scored rows."""
    counts = np.zeros((len(classes), len(classes)), dtype=np.int64)
    np.add.at(counts, (scored.target, scored.decisions), 1)
    return ConfusionMatrix(classes=classes, counts=counts.tolist())


def build_reliability(scored: Scored) -> list[ReliabilityBin]:
    """Return the reliability curve; bins that ties leave empty are left out."""
    probability, outcome = claims(scored)
    bins = equal_mass_bins(probability)
    found = []
    for index in range(CALIBRATION_BINS):
        inside = bins == index
        if inside.any():
            found.append(
                ReliabilityBin(
                    rows=int(inside.sum()),
                    claimed=float(probability[inside].mean()),
                    observed=float(outcome[inside].mean()),
                )
            )
    return found
