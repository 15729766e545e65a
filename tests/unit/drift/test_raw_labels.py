"""Realised quality of a report equals scikit-learn's on the raw labels.

Decisions and labels go through the stored bytes of records and feedback, and are joined by id.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from sklearn.metrics import confusion_matrix

from support.raw_statistics import chernoff_limits, metric_of
from support.windows import (
    VERSION,
    Champion,
    Rows,
    block_of,
    inputs_of,
    reference_of,
    rows_of,
)
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import (
    MonitorSpec,
    Quality,
    Signal,
    SignalKind,
    SignalValue,
    Window,
)
from trimtab_stages.drift.confusion import DECISION_METRICS
from trimtab_stages.drift.evaluate import evaluate
from trimtab_stages.drift.records import join, read_labels, read_records

Integers = npt.NDArray[np.int64]
"""Class indices, [n]; -1 in the truth is a label that has not returned."""
ROUNDING = 1e-11
UNLABELLED = -1
EACH = 80
"""Either comparison of a drop may be wrong once in so many windows on each side."""


@dataclass(frozen=True)
class Case:
    """Rows whose labels have returned, or not.

    Attributes:
        shares: share of every class in the truth.
        wrong: share of rows that are decided at random.
        rows: how many.
        labelled: share of them whose label has returned.
        classes: number of classes that the model has.
    """

    shares: tuple[float, ...]
    wrong: float = 0.3
    rows: int = 900
    labelled: float = 1.0
    classes: int = 2

    def draw(self) -> tuple[Integers, Integers]:
        """Return truth and decisions, [n] each."""
        random = np.random.default_rng(self.rows)
        truth = random.choice(len(self.shares), self.rows, p=self.shares)
        guessed = random.integers(0, self.classes, self.rows)
        decided = np.where(random.random(self.rows) < self.wrong, guessed, truth)
        return np.where(random.random(self.rows) < self.labelled, truth, UNLABELLED), decided


def split_of(classes: int) -> Case:
    """Return rows of a test split with all classes."""
    return Case((1 / classes,) * classes, wrong=0.2, rows=400, classes=classes)


def confusion_of(truth: Integers, decided: Integers, classes: int) -> Integers:
    """Return counts[i, j]: rows of class i decided as j."""
    return np.array(confusion_matrix(truth, decided, labels=range(classes)), dtype=np.int64)


def measured(metric: Metric, case: Case) -> tuple[list[Quality], SignalValue]:
    """Return what a report says of rows whose decisions and labels were stored."""
    truth, decided = case.draw()
    rows = replace(rows_of(np.zeros((len(truth), 1)), ["x"]), decided=decided, truth=truth)
    names = [f"class{number}" for number in range(case.classes)]
    records = read_records([block_of(part, ids) for part, ids in _pods(rows)], VERSION)
    labels = read_labels([FeedbackBatch.from_bytes(one) for one in _feedback(truth, names)], names)
    spec = MonitorSpec(
        window=Window(min_samples=1, min_labels=1),
        signals=[Signal(name="quality", kind=SignalKind.REALISED_QUALITY, metric=metric)],
    )
    champion = Champion(
        reference_of(rows), confusion_of(*split_of(case.classes).draw(), case.classes), spec
    )
    inputs = replace(inputs_of(rows, champion), labelled=join(records, labels), classes=names)
    report = evaluate(inputs)
    return report.qualities, report.signals[0]


def _pods(rows: Rows) -> list[tuple[Rows, list[str]]]:
    places = [np.arange(pod, len(rows), 3) for pod in range(3)]
    return [(rows.take(one), [f"r{place}" for place in one]) for one in places]


def _feedback(truth: Integers, names: Sequence[str]) -> list[bytes]:
    """Return stored labels: first another class, then a class of no model, then the truth."""
    told = np.flatnonzero(truth != UNLABELLED).tolist()
    rounds = (
        [Label(id=f"r{row}", label=names[(truth[row] + 1) % len(names)]) for row in told],
        [Label(id=f"r{row}", label="none of them") for row in told],
        [Label(id=f"r{row}", label=names[truth[row]]) for row in told],
    )
    return [
        FeedbackBatch(model="m", received_ns=number, labels=labels).to_bytes()
        for number, labels in enumerate(rounds)
        if labels
    ]


CASES = {
    "balanced": Case((0.5, 0.5)),
    "rare positives": Case((0.97, 0.03)),
    "all right": Case((0.5, 0.5), wrong=0.0),
    "all decided at random": Case((0.5, 0.5), wrong=1.0),
    "few rows": Case((0.5, 0.5), rows=9),
    "one row": Case((0.0, 1.0), wrong=0.0, rows=1),
    "half of the labels": Case((0.6, 0.4), labelled=0.5),
    "no labels": Case((0.5, 0.5), labelled=0.0),
    "no positives": Case((1.0,), rows=200),
    "four classes": Case((0.4, 0.3, 0.2, 0.1), classes=4),
    "four classes, few rows": Case((0.4, 0.3, 0.2, 0.1), rows=15, classes=4),
    "one of four classes is not there": Case((0.5, 0.3, 0.2), classes=4),
}


@pytest.mark.parametrize("metric", sorted(DECISION_METRICS))
@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.filterwarnings("ignore:y_pred contains classes not in y_true")
@pytest.mark.filterwarnings("ignore:A single label was found")
def test_quality_is_that_of_the_raw_labels(case: Case, metric: Metric) -> None:
    drawn = np.array(case.draw())
    truth, decided = drawn[:, drawn[0] != UNLABELLED]
    groups = groups_of(metric, truth, decided, case.classes)
    qualities, signal = measured(metric, case)
    # Nothing flagged is a precision of 0; other metrics need rows in every group.
    if not len(truth) or not (metric is Metric.PRECISION or all(rows for _, rows in groups)):
        assert (qualities, signal.value) == ([], None)
        return
    (quality,) = qualities
    value = metric_of(metric, truth.tolist(), decided.tolist(), case.classes)
    below, above = distances(groups)
    assert quality.value == pytest.approx(value, abs=ROUNDING)
    assert quality.low == pytest.approx(max(value - below, 0), abs=ROUNDING)
    assert quality.high == pytest.approx(min(value + above, 1), abs=ROUNDING)
    assert quality.labels == len(truth)
    tested = split_of(case.classes)
    promised, answered = (part.tolist() for part in tested.draw())
    reference = metric_of(metric, promised, answered, case.classes)
    before = distances(groups_of(metric, *tested.draw(), case.classes), EACH)
    now, sign = distances(groups, EACH), 1 if metric is Metric.FALSE_POSITIVE_RATE else -1
    worse = sign * (value - reference)
    # What is worse is worst with the window at its worse end and the test split at its better one.
    down, up = (now, before[::-1]) if sign > 0 else (now[::-1], before)
    assert signal.value == pytest.approx(worse, abs=ROUNDING)
    assert signal.low == pytest.approx(worse - math.hypot(down[0], up[0]), abs=ROUNDING)
    assert signal.high == pytest.approx(worse + math.hypot(down[1], up[1]), abs=ROUNDING)


def groups_of(
    metric: Metric, truth: Integers, decided: Integers, classes: int
) -> list[tuple[int, int]]:
    """Return rows that count, and rows, of the shares whose mean a metric is."""
    of_classes = [1] if classes == 2 else list(range(classes))
    match metric:
        case Metric.ACCURACY:
            masks = [(decided == truth, np.ones(len(truth), np.bool_))]
        case Metric.BALANCED_ACCURACY:
            masks = [(decided == label, truth == label) for label in np.unique(truth)]
        case Metric.PRECISION:
            masks = [(truth == label, decided == label) for label in of_classes]
        case Metric.RECALL:
            masks = [(decided == label, truth == label) for label in of_classes]
        case _:
            masks = [(decided == label, truth != label) for label in of_classes]
    return [(int((counts & among).sum()), int(among.sum())) for counts, among in masks]


def distances(groups: Sequence[tuple[int, int]], chances: int = 40) -> tuple[float, float]:
    """Return how far the limits lie from the mean of the shares, below and above it."""
    shares = np.array([hits / max(rows, 1) for hits, rows in groups])
    low, high = np.array([chernoff_limits(*group, chances) for group in groups]).T
    below, above = (np.sqrt(np.sum(one**2)) / len(groups) for one in (shares - low, high - shares))
    return float(below), float(above)
