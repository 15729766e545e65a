"""Every statistic of a report equals a plain computation on the raw rows.

The rows go the way of real ones: through the server's pane builder and stored bytes of several
pods, against a stored reference, merged, and evaluated.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import false_discovery_control, wasserstein_distance

from support.raw_statistics import (
    OTHER,
    cells_chance,
    count_scores,
    count_values,
    count_words,
    divergence_of,
    index_of,
    mean_chance,
)
from support.windows import Champion, Rows, buckets_of, inputs_of, reference_of, rows_of
from trimtab_stages.contract.monitoring import Evaluation, FeatureDrift, MonitorSpec, Window
from trimtab_stages.contract.pane import Pane
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.cells import NumericTable, numeric_table
from trimtab_stages.drift.evaluate import evaluate
from trimtab_stages.drift.jensen_shannon import TABLE_ERROR
from trimtab_stages.drift.merge import MergedPanes, merge
from trimtab_stages.drift.wasserstein import wasserstein

Values = npt.NDArray[np.float32]
Draw = Callable[[np.random.Generator, int], npt.ArrayLike]
HALF_A_DAY = 43_200
ROUNDING = 1e-12
ASKED = MonitorSpec(window=Window(min_samples=1, min_labels=1))


@dataclass(frozen=True)
class Seen:
    """A window, and what the monitor makes of it.

    Attributes:
        profile: the stored reference.
        panes: what all pods saw together.
        report: the report of it.
    """

    profile: ReferenceProfile
    panes: MergedPanes
    report: Evaluation

    @property
    def table(self) -> NumericTable:
        return numeric_table(self.profile.numeric, self.panes)

    def feature(self, name: str) -> FeatureDrift:
        return next(one for one in self.report.features if one.feature == name)

    def signal(self, name: str) -> float | None:
        return next(one.value for one in self.report.signals if one.name == name)


def see(reference: Rows, window: Rows) -> Seen:
    """Let three pods answer the rows of a window in turn, and evaluate what they stored."""
    profile = ReferenceProfile.from_bytes(reference_of(reference).to_bytes())
    pods = [window.take(np.arange(pod, len(window), 3)) for pod in range(3)]
    stored = [pane.to_bytes() for rows in pods for pane in buckets_of(rows, profile, HALF_A_DAY)]
    panes = merge(map(Pane.from_bytes, stored))
    inputs = inputs_of(window, Champion(profile, spec=ASKED))
    return Seen(profile, panes, evaluate(replace(inputs, panes=panes)))


def normal(mean: float = 0, std: float = 1) -> Draw:
    return lambda random, rows: random.normal(mean, std, rows)


def skewed(factor: float = 1) -> Draw:
    return lambda random, rows: factor * random.lognormal(0, 1, rows)


def flag(share: float) -> Draw:
    return lambda random, rows: random.random(rows) < share


def tied(mean: float) -> Draw:
    return lambda random, rows: np.round(random.normal(mean, 1, rows) * 4) / 4


def resting(mean: float) -> Draw:
    """Draw zeros, three in four, and small counts of things."""
    return lambda random, rows: random.poisson(mean, rows) * (random.random(rows) < 0.25)


def constant(value: float) -> Draw:
    return lambda _, rows: np.full(rows, value)


def holed(draw: Draw, share: float, hole: float = np.nan) -> Draw:
    """Draw values of which a share is missing."""
    return lambda random, rows: np.where(random.random(rows) < share, hole, draw(random, rows))


@pytest.mark.parametrize("rows", [1500, 40, 1])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(normal(), normal(), id="normal, nothing moved"),
        pytest.param(normal(), normal(0.3), id="normal, moved"),
        pytest.param(normal(), normal(30), id="beyond the reference's range"),
        pytest.param(normal(), normal(0, 5), id="beyond it on both sides"),
        pytest.param(normal(1e6, 0.5), normal(1e6 + 1, 0.5), id="far from zero"),
        pytest.param(skewed(), skewed(2), id="skewed, doubled"),
        pytest.param(flag(0.02), flag(0.1), id="rare flag, set more often"),
        pytest.param(tied(0), tied(0.5), id="ties"),
        pytest.param(resting(2), resting(9), id="mostly zeros"),
        pytest.param(constant(3), constant(3), id="still constant"),
        pytest.param(constant(3), constant(4), id="another constant"),
        pytest.param(constant(3), normal(3), id="no constant any more"),
        pytest.param(normal(), constant(0.5), id="a constant now"),
        pytest.param(normal(), holed(normal(0.2), 0.4), id="some missing"),
        pytest.param(skewed(), holed(skewed(), 0.4, np.inf), id="some infinite"),
    ],
)
def test_statistics_of_a_numeric_feature(before: Draw, after: Draw, rows: int) -> None:
    random = np.random.default_rng(rows)
    columns = [np.asarray(before(random, 4000)), np.asarray(after(random, rows))]
    assert_numeric_statistics(*(one.astype(np.float32) for one in columns))


def assert_numeric_statistics(reference: Values, window: Values) -> None:
    seen = see(rows_of(reference[:, None], ["x"]), rows_of(window[:, None], ["x"]))
    finite = window[np.isfinite(window)]
    assert seen.report.rows == len(window)
    assert (seen.table.missing.tolist(), seen.table.rows.tolist()) == (
        [len(window) - len(finite)],
        [len(finite)],
    )
    if not len(finite):
        assert seen.report.features == []
        return
    found, (cells,) = seen.feature("x"), seen.profile.numeric
    counts = [count_values(one, cells.edges) for one in (reference, window)]
    chance = 2 * min(cells_chance(*counts), mean_chance(reference, window))
    assert found.psi == pytest.approx(index_of(*counts), abs=ROUNDING)
    assert found.p_value == pytest.approx(min(chance, 1.0), rel=1e-6, abs=1e-300)
    if (std := reference.std(dtype=np.float64)) > 0:
        distance, error = wasserstein_distance(reference, finite) / std, wasserstein(seen.table)
        assert found.wasserstein == error.value[0]
        assert abs(error.value[0] - distance) <= error.error[0] + 1e-6 * max(distance, 1)


@given(
    reference=st.lists(st.floats(-1e3, 1e3, width=32), min_size=2, max_size=60),
    window=st.lists(
        st.floats(-1e4, 1e4, width=32) | st.sampled_from([np.nan, np.inf, 0.0, 1.0]),
        min_size=1,
        max_size=60,
    ),
)
@settings(max_examples=60, deadline=None)
def test_any_values_are_counted_as_they_are(reference: list[float], window: list[float]) -> None:
    before, after = (np.array(one, np.float32) for one in (reference, window))
    seen = see(rows_of(before[:, None], ["x"]), rows_of(after[:, None], ["x"]))
    (cells,) = seen.profile.numeric
    counts = [count_values(one, cells.edges) for one in (before, after)]

    assert seen.table.reference.tolist() == [counts[0]]
    assert seen.table.observed.tolist() == [counts[1]]
    if np.isfinite(after).any():
        chance = min(1.0, 2 * min(cells_chance(*counts), mean_chance(before, after)))
        found = seen.feature("x")
        assert found.psi == pytest.approx(index_of(*counts), abs=ROUNDING)
        assert found.p_value == pytest.approx(chance, rel=1e-6, abs=1e-300)


def test_the_index_of_values_without_ties_is_that_of_the_reference_s_deciles() -> None:
    random = np.random.default_rng(2)
    before, after = (random.normal(mean, 1, 4000).astype(np.float32) for mean in (0, 0.4))
    seen = see(rows_of(before[:, None], ["x"]), rows_of(after[:, None], ["x"]))
    deciles = np.quantile(before, np.arange(1, 10) / 10).astype(np.float32)
    inside = [-np.inf, *deciles, np.inf]
    counts = [np.histogram(one, inside)[0].tolist() for one in (before, after)]

    assert seen.feature("x").psi == pytest.approx(index_of(*counts), abs=ROUNDING)


def words(*shares: float) -> Draw:
    """Draw categories `c0`, `c1`, ... with these shares."""
    names = np.array([f"c{number}" for number in range(len(shares))], dtype=object)
    return lambda random, rows: random.choice(names, rows, p=np.array(shares) / sum(shares))


MANY = [1 / (number + 1) for number in range(120)]


@pytest.mark.parametrize("rows", [1500, 40, 1])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(words(5, 3, 2), words(5, 3, 2), id="nothing moved"),
        pytest.param(words(5, 3, 2), words(2, 3, 5), id="turned round"),
        pytest.param(words(996, 1, 2, 1), words(900, 60, 30, 10), id="rare ones come more often"),
        pytest.param(words(5, 5), words(5, 3, 1, 1), id="unseen ones"),
        pytest.param(words(1), words(0, 1), id="only unseen ones"),
        pytest.param(words(1), words(1), id="one alone"),
        pytest.param(words(*MANY), words(*MANY[::-1]), id="many"),
        pytest.param(words(1, 1, 1, 1), words(1, 1, 1, 1), id="ties"),
    ],
)
def test_statistics_of_a_categorical_feature(before: Draw, after: Draw, rows: int) -> None:
    random = np.random.default_rng(rows)
    columns = [np.asarray(before(random, 4000)), np.asarray(after(random, rows))]
    seen = see(*(rows_of(np.empty((len(one), 0)), [], one[:, None]) for one in columns))
    found = seen.feature("kind0")
    counts = list(zip(*count_words(*(one.tolist() for one in columns)), strict=True))

    known = set(columns[0])
    unseen = sum(word not in known for word in columns[1])
    assert seen.panes.categorical["kind0"].get(OTHER, 0) == unseen
    assert_distance(found.jensen_shannon, *counts)
    assert found.effect == found.jensen_shannon
    assert found.psi == pytest.approx(index_of(*counts), abs=ROUNDING)
    assert found.p_value == pytest.approx(cells_chance(*counts), rel=1e-9, abs=1e-300)


def assert_distance(found: float | None, *counts: list[int] | tuple[int, ...]) -> None:
    """The square of a distance is the divergence less its mean, within the table's error."""
    divergence, chance = divergence_of(*counts)
    assert found is not None
    assert found**2 == pytest.approx(
        max(divergence - chance, 0.0), abs=TABLE_ERROR * chance + ROUNDING
    )


@pytest.mark.parametrize("rows", [1500, 40, 1])
@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(lambda r, n: r.random(n), lambda r, n: r.random(n), id="nothing moved"),
        pytest.param(lambda r, n: r.beta(2, 5, n), lambda r, n: r.beta(5, 2, n), id="turned round"),
        pytest.param(lambda r, n: r.beta(0.1, 9, n), lambda r, n: r.beta(0.3, 9, n), id="skewed"),
        pytest.param(lambda r, n: r.random(n), constant(1.0), id="sure of everything"),
        pytest.param(constant(0.3), constant(0.3), id="still constant"),
        pytest.param(
            lambda r, n: r.integers(0, 51, n) / 50,
            lambda r, n: r.integers(0, 26, n) / 25,
            id="on the edges",
        ),
        pytest.param(lambda r, n: r.random(n), holed(constant(0.9), 0.3), id="some missing"),
        pytest.param(lambda r, n: r.random(n), normal(0.5, 1), id="outside 0..1"),
        pytest.param(lambda r, n: r.random(n), holed(constant(-1e30), 0.5, 1e30), id="far outside"),
    ],
)
def test_the_distance_of_the_scores(before: Draw, after: Draw, rows: int) -> None:
    random = np.random.default_rng(rows)
    scores = [
        np.asarray(draw(random, size)).astype(np.float32)
        for draw, size in ((before, 4000), (after, rows))
    ]
    seen = see(*(replace(rows_of(one[:, None], ["x"]), scores=one) for one in scores))
    counts = [count_scores(one) for one in scores]

    assert seen.panes.score_counts.tolist() == counts[1]
    found = seen.signal("outputs")
    if not any(counts[1]):
        assert found is None
        return
    assert_distance(found, *counts)
    assert found is not None
    assert found <= distance_of_distinct(*scores) + 1e-9, "cells show no more than values do"


def distance_of_distinct(*scores: Values) -> float:
    """Return the plain distance with a cell for every value."""
    counted = [Counter(one[np.isfinite(one)].tolist()) for one in scores]
    values = set().union(*counted)
    return float(jensenshannon(*([one[value] for value in values] for one in counted), base=2))


def test_the_share_of_drifted_features() -> None:
    random = np.random.default_rng(3)
    names = [f"x{number}" for number in range(20)]
    moved = np.linspace(0, 0.6, 20)
    before, after = random.normal(0, 1, (4000, 20)), random.normal(moved, 1, (300, 20))
    report = see(rows_of(before, names), rows_of(after, names)).report
    chances = np.array([one.p_value for one in report.features])
    real = false_discovery_control(chances) <= 0.01
    expected = [bool(one) and f.effect > 0.2 for one, f in zip(real, report.features, strict=True)]

    assert [one.drifted for one in report.features] == expected
    assert next(one.value for one in report.signals if one.name == "inputs") == np.mean(expected)
