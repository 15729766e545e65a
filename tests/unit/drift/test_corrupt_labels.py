"""Labels that contradict the surest decisions, and models that have only become worse."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest

from trimtab_stages.drift.confusion import count_confusion
from trimtab_stages.drift.corrupt_labels import find_contradiction
from trimtab_stages.drift.records import LabelledRows

RANDOM = np.random.default_rng(6)
Truth = npt.NDArray[np.int64]


def answered(rows: int, sharpness: float = 0.2) -> LabelledRows:
    """Return rows of a calibrated model; the smaller the number, the surer it is."""
    score = RANDOM.beta(sharpness, sharpness, rows).astype(np.float32)
    truth = (RANDOM.random(rows) < score).astype(np.int64)
    return LabelledRows((score >= 0.5).astype(np.int64), truth, score)


TESTED = count_confusion(answered(2000), 2)
MONTH = answered(720)


def told(truth: Truth, rows: LabelledRows = MONTH) -> LabelledRows:
    return replace(rows, truth=truth)


def flipped(share: float) -> LabelledRows:
    return told(np.where(RANDOM.random(720) < share, 1 - MONTH.truth, MONTH.truth))


def shuffled() -> LabelledRows:
    return told(RANDOM.permutation(MONTH.truth))


def busier() -> LabelledRows:
    """Return a world in which half of what was calm is busy now."""
    return told(np.where(RANDOM.random(720) < 0.5, 1, MONTH.truth))


@pytest.mark.parametrize(
    ("rows", "corrupt"),
    [
        pytest.param(MONTH, False, id="as they are"),
        pytest.param(flipped(0.05), False, id="one in twenty flipped"),
        pytest.param(flipped(0.4), True, id="four in ten flipped"),
        pytest.param(flipped(1.0), True, id="inverted"),
        pytest.param(shuffled(), True, id="joined to other rows"),
        pytest.param(busier(), False, id="one class has changed its meaning"),
        pytest.param(answered(720, 5.0), False, id="the model is unsure of all"),
        pytest.param(told(1 - answered(80).truth, answered(80)), False, id="too few rows"),
        pytest.param(replace(flipped(1.0), score=None), False, id="nobody knows how sure it was"),
    ],
)
def test_labels_are_corrupt_where_the_surest_decisions_of_both_classes_are_wrong(
    rows: LabelledRows, *, corrupt: bool
) -> None:
    assert (find_contradiction(rows, TESTED) is not None) is corrupt


@pytest.mark.parametrize(
    "tested",
    [
        pytest.param([[500, 20], [500, 480]], id="half of a class was wrong before"),
        pytest.param([[900, 0], [100, 0]], id="a class was never decided"),
        pytest.param(np.eye(3, dtype=np.int64).tolist(), id="three classes"),
        pytest.param([], id="no test split"),
    ],
)
def test_of_other_models_nothing_is_said(tested: list[list[int]]) -> None:
    assert find_contradiction(flipped(1.0), np.array(tested, np.int64)) is None


def test_the_shares_are_told() -> None:
    found = find_contradiction(flipped(1.0), TESTED)

    assert found is not None
    assert sum(found.rows) == pytest.approx(360, abs=1)
    assert min(found.wrong) > 0.9
    assert max(found.tested) < 0.2
