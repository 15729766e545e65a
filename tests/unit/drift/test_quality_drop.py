"""What a window's quality is compared with, and how often a healthy one is called a drop."""

from collections.abc import Sequence

import numpy as np
import pytest

from support.contract_samples import artifact
from support.windows import START, Integers, drawn
from trimtab_stages.contract.gates import Metric
from trimtab_stages.contract.monitoring import FirstWindow, QualityReference
from trimtab_stages.drift.quality_drop import Drop, judge_quality, worse_by

TEST, FIRST = QualityReference.TEST_SPLIT, QualityReference.FIRST_WINDOW
THRESHOLD = 0.05


def right(share: float, rows: int) -> Integers:
    """Return counts of so many rows of each of two classes, of which a share is decided right."""
    hits = round(share * rows)
    return np.array([[hits, rows - hits], [rows - hits, hits]])


def first_of(counts: Integers) -> FirstWindow:
    return FirstWindow(end=START, report=artifact("r"), value=0, counts=counts.tolist())


def drop_of(
    counts: Integers,
    tested: Integers,
    first: Integers | None = None,
    metric: Metric = Metric.BALANCED_ACCURACY,
) -> Drop:
    judged = judge_quality(metric, counts, tested, None if first is None else first_of(first))
    assert judged is not None
    return judged.drop


def is_called(drop: Drop) -> bool:
    """Return whether the default rule passes."""
    return drop.value > THRESHOLD and drop.low > 0


@pytest.mark.parametrize(
    ("tested", "first", "reference"),
    [
        pytest.param((0.93, 1000), None, (TEST, 0.93), id="no window before"),
        pytest.param((0.93, 1000), (0.96, 400), (FIRST, 0.96), id="the test promised too little"),
        pytest.param((0.96, 1000), (0.93, 400), (TEST, 0.96), id="it began worse than tested"),
        pytest.param((0.95, 1000), (1.0, 10), (TEST, 0.95), id="a few lucky rows hide no drop"),
        pytest.param((0.91, 1000), (1.0, 10), (FIRST, 1.0), id="no drop is sure"),
    ],
)
def test_the_larger_drop_that_is_no_chance_counts(
    tested: tuple[float, int],
    first: tuple[float, int] | None,
    reference: tuple[QualityReference, float],
) -> None:
    before = None if first is None else right(*first)
    found = drop_of(right(0.9, 400), right(*tested), before)

    assert (found.reference_of, found.reference) == reference
    assert found.value == pytest.approx(found.reference - 0.9)
    assert found.low < found.value < found.high


def test_a_month_after_one_better_than_tested_is_called_worse() -> None:
    # Bike share from month 22: the test split said 0.93, then came 0.96, then 0.905.
    month = right(0.905, 360)

    assert not is_called(drop_of(month, right(0.93, 800)))
    assert is_called(drop_of(month, right(0.93, 800), right(0.96, 360)))


POOLS = {"even": (0.5, (0.85, 0.85)), "rare positives": (0.03, (0.9, 0.8))}


@pytest.mark.parametrize("rows", [250, 1000])
@pytest.mark.parametrize(("positives", "recalls"), POOLS.values(), ids=POOLS)
def test_healthy_windows_are_rarely_called_a_drop(
    rows: int, positives: float, recalls: Sequence[float]
) -> None:
    random = np.random.default_rng(rows)

    def window() -> Integers:
        flagged = random.binomial(rows, positives)
        return drawn(random, [rows - flagged, flagged], recalls)

    called = 0
    for _ in range(60):
        tested, first = window(), window()
        called += sum(is_called(drop_of(window(), tested, first)) for _ in range(5))

    assert called <= 3, "1 % of windows"


@pytest.mark.parametrize("rows", [[500, 500], [4000, 100]], ids=str)
def test_a_drop_by_ten_points_is_called_one(rows: list[int]) -> None:
    random = np.random.default_rng(1)
    tested = drawn(random, [5 * one for one in rows], [0.9, 0.8])
    first = drawn(random, rows, [0.9, 0.8])
    found = [drop_of(drawn(random, rows, [0.8, 0.7]), tested, first) for _ in range(50)]

    assert sum(map(is_called, found)) >= 40


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        pytest.param(Metric.ACCURACY, 0.15, id="accuracy fell"),
        pytest.param(Metric.RECALL, -0.1, id="recall rose"),
        pytest.param(Metric.FALSE_POSITIVE_RATE, 0.4, id="more false alarms are worse"),
    ],
)
def test_a_drop_is_positive_where_things_got_worse(metric: Metric, expected: float) -> None:
    window, tested = np.array([[25, 25], [20, 30]]), np.array([[45, 5], [25, 25]])
    found = drop_of(window, tested, metric=metric)

    assert found.value == pytest.approx(expected)
    assert worse_by(metric, found.reference + 0.1, found.reference) == pytest.approx(
        0.1 if metric is Metric.FALSE_POSITIVE_RATE else -0.1
    )
    assert found.low < found.value < found.high


@pytest.mark.parametrize("side", ["window", "test split"])
def test_no_labels_are_no_drop(side: str) -> None:
    none, some = np.zeros((2, 2), np.int64), right(0.9, 100)
    counts, tested = (none, some) if side == "window" else (some, none)

    assert judge_quality(Metric.ACCURACY, counts, tested, None) is None
