"""Statistics of a window straight from raw rows: slow, plain, and nothing of ours in them.

Rows are compared with every stored edge; distances, tests and metrics are NumPy's,
SciPy's and scikit-learn's. What the reports define themselves (how cells are joined, which mean is
subtracted) is written down here a second time.
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, norm, poisson
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    precision_score,
    recall_score,
)

from trimtab_stages.contract.gates import Metric

Values = npt.NDArray[np.float32]
OTHER = "__other__"
SCORE_CELLS = 50


def count_values(values: Values, edges: Sequence[float]) -> list[int]:
    """Return rows per cell; a value lies in the cell whose number of edges are not above it."""
    bounds = np.array(edges, np.float32)
    finite = values[np.isfinite(values)]
    cells = Counter((bounds <= finite[:, None]).sum(axis=1).tolist())
    return [cells[cell] for cell in range(len(bounds) + 1)]


def count_scores(scores: Values) -> list[int]:
    """Return rows per score cell, 50 equal ones over 0..1; what lies outside is in an end cell."""
    last = SCORE_CELLS - 1
    places = (float(score * np.float32(SCORE_CELLS)) for score in scores if np.isfinite(score))
    cells = Counter(math.floor(min(max(place, 0.0), float(last))) for place in places)
    return [cells[cell] for cell in range(SCORE_CELLS)]


def count_words(reference: Sequence[str], window: Sequence[str]) -> list[tuple[int, int]]:
    """Return rows of reference and window by category, the most frequent together first."""
    before = Counter(reference)
    after = Counter(word if word in before else OTHER for word in window)
    names = sorted(before | after, key=lambda name: (-before[name] - after[name], name))
    return [(before[name], after[name]) for name in names]


def index_of(reference: Sequence[int], window: Sequence[int]) -> float:
    """Return the population stability index of the cells joined into ten, less its mean."""
    total, passed = sum(reference), 0
    groups: dict[int, list[float]] = {}
    for before, after in zip(reference, window, strict=True):
        # The middle of the cell's mass says where it goes; in whole numbers nothing is rounded.
        group = min(10 * (2 * passed + before) // (2 * total), 9)
        passed += before
        rows = groups.setdefault(group, [0.0, 0.0])
        rows[0] += before
        rows[1] += after
    filled = np.array([rows for rows in groups.values() if sum(rows)]) + 0.5
    q, p = (filled / filled.sum(axis=0)).T
    chance = (len(filled) - 1) * (1 / total + 1 / sum(window))
    return max(float(np.sum((p - q) * np.log(p / q))) - chance, 0.0)


def divergence_of(reference: Sequence[int], window: Sequence[int]) -> tuple[float, float]:
    """Return the Jensen-Shannon divergence in bits, and its mean without drift."""
    plain = float(jensenshannon(reference, window, base=2)) ** 2
    inverse = 1 / sum(reference) + 1 / sum(window)
    filled = [a + b for a, b in zip(reference, window, strict=True) if a + b]
    bias = sum(mean_contribution(rows / sum(filled) / inverse) for rows in filled)
    return plain, bias * inverse * (len(filled) - 1) / len(filled)


def mean_contribution(expected: float) -> float:
    """Return the mean of what a cell adds to the divergence over a Poisson count, bits."""
    counts = np.arange(int(expected + 40 * math.sqrt(expected) + 60))
    middle = (counts + expected) / 2
    seen = counts * np.log2(np.maximum(counts, 1) / middle)
    both = (seen + expected * np.log2(expected / middle)) / 2
    return float(np.sum(poisson.pmf(counts, expected) * both))


def cells_chance(reference: Sequence[int], window: Sequence[int]) -> float:
    """Return Pearson's p-value after neighbours with fewer than five expected rows were joined."""
    rows, smaller = sum(reference) + sum(window), min(sum(reference), sum(window))
    joined = [[0, 0]]
    for before, after in zip(reference, window, strict=True):
        if sum(joined[-1]) * smaller / rows >= 5:
            joined.append([0, 0])
        joined[-1][0] += before
        joined[-1][1] += after
    if len(joined) > 1 and sum(joined[-1]) * smaller / rows < 5:
        rest = joined.pop()
        joined[-1] = [joined[-1][0] + rest[0], joined[-1][1] + rest[1]]
    if len(joined) == 1:
        return 1.0
    return float(chi2_contingency(np.array(joined).T, correction=False).pvalue)


def mean_chance(reference: Values, window: Values) -> float:
    """Return the p-value of the z-test of two means; the larger deviation is the window's."""
    before, after = (one[np.isfinite(one)].astype(np.float64) for one in (reference, window))
    shift = abs(after.mean() - before.mean())
    if shift <= np.finfo(np.float32).eps * abs(before.mean()):
        return 1.0
    variance = max(after.var(), before.var())
    error = math.sqrt(variance / len(after) + before.var() / len(before))
    return float(2 * norm.sf(shift / error)) if error else 0.0


def metric_of(metric: Metric, truth: Sequence[int], decided: Sequence[int], classes: int) -> float:
    """Return a metric as scikit-learn computes it: of class 1 for two classes, else the mean."""
    labels = [1] if classes == 2 else list(range(classes))
    of_classes = {"labels": labels, "average": "macro", "zero_division": 0.0}
    match metric:
        case Metric.BALANCED_ACCURACY:
            return float(balanced_accuracy_score(truth, decided))
        case Metric.ACCURACY:
            return float(accuracy_score(truth, decided))
        case Metric.RECALL:
            return float(recall_score(truth, decided, **of_classes))
        case Metric.PRECISION:
            return float(precision_score(truth, decided, **of_classes))
        case _:
            alarms = [1 - _specificity(truth, decided, label) for label in labels]
            return sum(alarms) / len(alarms)


def _specificity(truth: Sequence[int], decided: Sequence[int], label: int) -> float:
    others = [[one != label for one in told] for told in (truth, decided)]
    return float(recall_score(*others, zero_division=0.0))


def chernoff_limits(hits: int, rows: int, chances: int = 40) -> tuple[float, float]:
    """Return where `rows` times the divergence of a share is ln `chances`, below and above it."""
    if not rows:
        return 0.0, 1.0
    share = hits / rows

    def beyond(other: float) -> float:
        hit = share * math.log(share / other) if share else 0.0
        miss = (1 - share) * math.log((1 - share) / (1 - other)) if share < 1 else 0.0
        return rows * (hit + miss) - math.log(chances)

    tiny = 1e-300
    low = brentq(beyond, tiny, share, xtol=1e-15) if share else 0.0
    high = brentq(beyond, share, 1 - 1e-16, xtol=1e-15) if share < 1 else 1.0
    return low, high
