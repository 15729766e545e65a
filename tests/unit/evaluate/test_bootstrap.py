import numpy as np
import pytest

from trimtab_stages.contract.gates import Metric
from trimtab_stages.evaluate.bootstrap import Bootstrap, compare_all, estimate_all, standard_error
from trimtab_stages.evaluate.metrics import measure
from trimtab_stages.evaluate.scored import Scored, score_rows
from trimtab_stages.evaluate.tally import consecutive_blocks

HOW = Bootstrap(resamples=400)


def scored(rows: int, skill: float = 1.5, seed: int = 0, noise: int = 1) -> Scored:
    random = np.random.default_rng(seed)
    target = (random.random(rows) < 0.4).astype(np.int64)
    logits = np.random.default_rng(noise).normal(size=rows) + skill * (target - 0.5)
    return score_rows(target, (1 / (1 + np.exp(-logits))).astype(np.float32), 0.5)


def test_intervals_hold_the_value_and_shrink_with_rows() -> None:
    few, many = (estimate_all(scored(rows), HOW) for rows in (300, 4800))
    assert [estimate.metric for estimate in few] == list(Metric)
    for small, large in zip(few, many, strict=True):
        assert small.low <= small.value <= small.high
        assert large.high - large.low < small.high - small.low
        assert large.samples == 4800


def test_accuracy_interval_is_the_binomial_one_for_independent_rows() -> None:
    rows = scored(2000)
    (estimate,) = estimate_all(rows, Bootstrap(resamples=2000), [Metric.ACCURACY])
    sigma = np.sqrt(estimate.value * (1 - estimate.value) / 2000)
    assert estimate.high - estimate.low == pytest.approx(2 * 1.96 * sigma, rel=0.25)
    assert standard_error(Metric.ACCURACY, rows, HOW) == pytest.approx(sigma, rel=0.25)


def test_rows_that_come_in_runs_have_a_wider_interval() -> None:
    alone = scored(500)
    runs = score_rows(np.repeat(alone.target, 20), np.repeat(alone.scores, 20), 0.5)
    shuffled = np.random.default_rng(5).permutation(len(runs))
    mixed = Scored(runs.target[shuffled], runs.scores[shuffled], runs.decisions[shuffled], 2)
    (in_runs,), (in_disorder,) = (
        estimate_all(rows, HOW, [Metric.ACCURACY]) for rows in (runs, mixed)
    )
    assert in_runs.high - in_runs.low > 2 * (in_disorder.high - in_disorder.low)


def test_the_same_seed_gives_the_same_interval() -> None:
    assert estimate_all(scored(500), HOW) == estimate_all(scored(500), HOW)


def test_binned_ranking_interval_is_close_to_the_exact_one() -> None:
    rows = scored(3000)
    exact = estimate_all(rows, Bootstrap(resamples=400, bins=5000), [Metric.ROC_AUC])[0]
    binned = estimate_all(rows, Bootstrap(resamples=400, bins=500), [Metric.ROC_AUC])[0]
    assert (binned.low, binned.high) == pytest.approx((exact.low, exact.high), abs=5e-4)


def test_difference_to_itself_is_nothing() -> None:
    rows = scored(400)
    for difference in compare_all(rows, rows, HOW):
        assert (difference.low, difference.value, difference.high) == (0, 0, 0)


def test_paired_interval_is_narrower_than_the_two_alone() -> None:
    champion = scored(3000, skill=1.5)
    challenger = score_rows(champion.target, np.sqrt(champion.scores), 0.7)
    (difference,) = compare_all(challenger, champion, HOW, [Metric.BALANCED_ACCURACY])
    alone = estimate_all(challenger, HOW, [Metric.BALANCED_ACCURACY])[0]
    assert difference.value == pytest.approx(
        alone.value - measure(Metric.BALANCED_ACCURACY, champion)
    )
    assert difference.high - difference.low < alone.high - alone.low


def test_metrics_that_need_two_classes_are_left_out() -> None:
    rows = score_rows(np.zeros(50, np.int64), np.linspace(0, 1, 50, dtype=np.float32), 0.5)
    found = {estimate.metric for estimate in estimate_all(rows, HOW)}
    assert Metric.ROC_AUC not in found
    assert Metric.ACCURACY in found


@pytest.mark.parametrize(("rows", "blocks"), [(7, 7), (100, 100), (1234, 100)])
def test_blocks_are_consecutive_and_even(rows: int, blocks: int) -> None:
    held = consecutive_blocks(rows, 100)
    sizes = np.bincount(held.of_row)
    assert held.count == len(sizes) == blocks
    assert (np.diff(held.of_row) >= 0).all()
    assert sizes.max() - sizes.min() <= 1
