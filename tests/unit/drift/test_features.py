"""Which features have drifted."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from support.windows import Rows, pane_of, reference_of, rows_of
from trimtab_stages.contract.monitoring import FeatureDrift, Signal, SignalKind, Statistic
from trimtab_stages.drift.cells import numeric_table
from trimtab_stages.drift.features import judge_features, measure_moves
from trimtab_stages.drift.merge import merge

RANDOM = np.random.default_rng(6)
NAMES = ("still", "shifted", "nudged")


def draw(rows: int, shifts: tuple[float, float, float], share: float) -> Rows:
    numeric = RANDOM.normal(0, 1, (rows, 3)) + shifts
    words = np.where(RANDOM.random((rows, 1)) < share, "a", "b").astype(object)
    return rows_of(numeric, NAMES, words)


REFERENCE = draw(8000, (0, 0, 0), 0.5)
WINDOW = draw(3000, (0, 1, 0.1), 0.9)


def judged(window: Rows = WINDOW, **changes: Any) -> list[FeatureDrift]:
    signal = Signal(name="inputs", kind=SignalKind.INPUT_DRIFT).model_copy(update=changes)
    profile = reference_of(REFERENCE)
    panes = merge([pane_of(window, profile)])
    moves = measure_moves(profile, numeric_table(profile.numeric, panes), panes)
    return judge_features(signal, moves)


def drifted(found: list[FeatureDrift]) -> set[str]:
    return {one.feature for one in found if one.drifted}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, {"shifted", "kind0"}, id="defaults"),
        pytest.param(
            {"effect": Decimal("0.05")}, {"shifted", "nudged", "kind0"}, id="small effect"
        ),
        pytest.param({"effect": Decimal(2)}, set(), id="large effect"),
        pytest.param({"statistic": Statistic.PSI}, {"shifted", "kind0"}, id="psi"),
        pytest.param({"features": ["still", "nudged"]}, set(), id="only some features"),
    ],
)
def test_effect_and_chance_must_both_say_so(changes: dict[str, Any], expected: set[str]) -> None:
    assert drifted(judged(**changes)) == expected


def test_the_most_drifted_feature_comes_first() -> None:
    found = judged()

    assert [one.feature for one in found] == ["shifted", "kind0", "nudged", "still"]
    assert found[0].effect == found[0].wasserstein == pytest.approx(1.0, abs=0.1)
    assert found[1].effect == found[1].jensen_shannon
    assert found[1].wasserstein is None
    assert found[1].psi == pytest.approx(0.8 * np.log(9) / 2 + 0.0, rel=0.2)


def test_a_large_effect_of_few_rows_is_chance() -> None:
    few = WINDOW.take(slice(0, 3))

    assert max(one.effect for one in judged(few)) > 0.2
    assert drifted(judged(few)) == set()


def test_psi_decides_where_it_is_asked_for() -> None:
    (found,) = judged(statistic=Statistic.PSI, features=["shifted"])

    assert found.effect == found.psi
    assert found.wasserstein == pytest.approx(1.0, abs=0.1)


def test_features_without_a_value_are_left_out() -> None:
    window = rows_of(np.full((300, 3), [np.nan, 0, 0]), NAMES)

    assert [one.feature for one in judged(window)] == ["nudged", "shifted"]


def test_a_new_category_is_drift() -> None:
    window = WINDOW.take(slice(0, 500))
    window.categorical[:250] = "c"
    kind = next(one for one in judged(window) if one.feature == "kind0")

    assert kind.drifted
    assert kind.effect > 0.5
