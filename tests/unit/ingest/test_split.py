from decimal import Decimal

import numpy as np
import pytest

from support.ingesting import SECOND
from trimtab_stages.contract.ingest import Split, Target
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.label_rate import check_label_rates
from trimtab_stages.ingest.split import Boundaries, outside_embargo, plan_boundaries
from trimtab_stages.ingest.target import Labels

TARGET = Target.model_validate(
    {"name": "y", "column": "x", "kind": "Above", "threshold": "0", "minRate": "0.1"}
)


def rule(validation: str = "0.2", test: str = "0.2", embargo: int = 0) -> Split:
    return Split.model_validate({"validation": validation, "test": test, "embargoSeconds": embargo})


def test_the_later_rows_are_validation_and_test() -> None:
    times = np.random.default_rng(1).permutation(10) * SECOND
    boundaries = plan_boundaries(times, rule())
    assert boundaries == Boundaries(6 * SECOND, 8 * SECOND)
    assert boundaries.split_of(np.arange(10) * SECOND).tolist() == [0] * 6 + [1] * 2 + [2] * 2


def test_rows_of_one_instant_stay_together() -> None:
    times = np.array([0, 1, 2, 3, 4, 4, 4, 4, 8, 9]) * SECOND
    split = plan_boundaries(times, rule()).split_of(times)
    assert split.tolist() == [0] * 4 + [1] * 4 + [2] * 2


@pytest.mark.parametrize(
    ("embargo", "horizon", "kept"),
    [
        pytest.param(0, 0, [1, 1, 1, 1, 1, 1, 1, 1, 1, 1], id="none"),
        pytest.param(2, 0, [1, 1, 1, 1, 0, 0, 0, 0, 1, 1], id="two-seconds"),
        pytest.param(0, 1, [1, 1, 1, 1, 1, 0, 1, 0, 1, 1], id="the-horizon-is-always-kept"),
    ],
)
def test_embargo(embargo: int, horizon: int, kept: list[int]) -> None:
    times = np.arange(10) * SECOND
    boundaries = plan_boundaries(times, rule())
    free = outside_embargo(times, times + horizon * SECOND, boundaries, rule(embargo=embargo))
    assert free.astype(int).tolist() == kept


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_too_few_rows(rows: int) -> None:
    with pytest.raises(StageError) as raised:
        plan_boundaries(np.arange(rows), rule())
    assert raised.value.reason is StageReason.NO_ROWS_LEFT


def labels(index: list[int], classes: tuple[str, ...] = ("0", "1")) -> Labels:
    return Labels(classes, np.array(index), np.arange(len(index)) * SECOND)


SPLITS = np.repeat([0, 1, 2], 10)
GOOD = [0, 1] * 15


def test_enough_of_each_class() -> None:
    check_label_rates(labels(GOOD), SPLITS, TARGET)


@pytest.mark.parametrize(
    ("index", "classes", "reason", "message"),
    [
        pytest.param(
            GOOD[:20] + [1] * 10,
            ("0", "1"),
            StageReason.VALIDATION_FAILED,
            r"split test .*: 0 0.00%, 1 100.00%; .* of 0 turns at .*:19Z: 52.63% before",
            id="every-label-positive-from-a-date-on",
        ),
        pytest.param(
            GOOD[:10] + [0] * 10 + GOOD[:10],
            ("0", "1"),
            StageReason.VALIDATION_FAILED,
            "split validation",
            id="no-positives-in-validation",
        ),
        pytest.param(
            [0] * 30, ("only",), StageReason.VALIDATION_FAILED, "split train", id="one-class"
        ),
    ],
)
def test_implausible_rates(
    index: list[int], classes: tuple[str, ...], reason: StageReason, message: str
) -> None:
    with pytest.raises(StageError, match=message) as raised:
        check_label_rates(labels(index, classes), SPLITS, TARGET)
    assert raised.value.reason is reason


def test_a_jump_of_the_rate_is_refused() -> None:
    jump = labels([0, 0, 0, 0, 0, 0, 0, 0, 0, 1] * 2 + [1, 1, 1, 1, 1, 1, 1, 1, 1, 0])
    with pytest.raises(
        StageError, match=r"class 0 is 90.00% of split train, but 10.00% of split test"
    ) as raised:
        check_label_rates(jump, SPLITS, TARGET)
    assert raised.value.reason is StageReason.VALIDATION_FAILED
    assert "turns at 1970-01-01T00:00:19Z: 94.74% before, 9.09% after" in raised.value.message
    check_label_rates(jump, SPLITS, TARGET.model_copy(update={"max_rate_change": Decimal("0.8")}))


def test_free_text_is_no_target() -> None:
    names = tuple(f"name {n}" for n in range(600))
    with pytest.raises(StageError, match="600 classes") as raised:
        check_label_rates(labels(GOOD, names), SPLITS, TARGET)
    assert raised.value.reason is StageReason.VALIDATION_FAILED


def test_an_empty_split() -> None:
    with pytest.raises(StageError, match="split test has 0 rows") as raised:
        check_label_rates(labels(GOOD[:20]), SPLITS[:20], TARGET)
    assert raised.value.reason is StageReason.NO_ROWS_LEFT
