from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.ingesting import csv_text, ingest, iso, make_rules
from trimtab_stages.contract.ingest import Target
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.leakage import (
    refuse_leaking_data,
    refuse_leaking_rules,
    single_feature_accuracy,
    target_window,
)

GRID = {"column": "ts", "grid": {"intervalSeconds": 3600}}
NOW = {"name": "y", "column": "x", "kind": "Above", "threshold": "0"}
NEXT = NOW | {"horizonSteps": 1}
WITHIN = NOW | {"kind": "MinWithinBelow", "horizonSteps": 6}
AFTER = {"availability": "After"}


def one(**column: Any) -> list[dict[str, Any]]:
    return [{"name": "x", **column}]


def two(**column: Any) -> list[dict[str, Any]]:
    return [{"name": "x", "role": "Source"}, {"name": "z", **column}]


@pytest.mark.parametrize(
    ("changes", "culprit"),
    [
        pytest.param(
            {"columns": one(), "lags": []}, "feature x sees x at the row", id="the-target"
        ),
        pytest.param({"lags": [{"column": "x", "steps": [1, 0]}]}, "x_lag0", id="lag-zero"),
        pytest.param({"slopes": [{"column": "x", "steps": [3]}]}, "x_slope3", id="slope-has-now"),
        pytest.param({"columns": two(**AFTER)}, "z .*known only 1 steps", id="known-only-later"),
        pytest.param(
            {"columns": two(role="Source", **AFTER), "lags": [{"column": "z", "steps": [0]}]},
            "z_lag0",
            id="lag-zero-of-a-late-column",
        ),
        pytest.param(
            {
                "columns": two(role="Source", delaySeconds=86_400, **AFTER),
                "lags": [{"column": "z", "steps": [24, 23]}],
            },
            "z_lag23 sees z 23 steps back.*only 24 steps",
            id="lag-shorter-than-the-delay",
        ),
        pytest.param(
            {
                "columns": two(role="Source", **AFTER),
                "slopes": [{"column": "z", "steps": [2]}],
                "target": NEXT,
            },
            "z_slope2",
            id="slope-of-a-late-column",
        ),
    ],
)
def test_leaks_by_rule(changes: dict[str, Any], culprit: str) -> None:
    with pytest.raises(StageError, match=culprit) as raised:
        refuse_leaking_rules(make_rules(**({"time": GRID} | changes)))
    assert raised.value.reason is StageReason.LEAKING_TARGET


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="lag-one-of-the-target"),
        pytest.param({"columns": one(), "target": NEXT}, id="now-predicts-the-next-step"),
        pytest.param(
            {"columns": one(), "target": WITHIN, "slopes": [{"column": "x", "steps": [3]}]},
            id="the-horizon-starts-after-the-row",
        ),
        pytest.param(
            {
                "columns": two(role="Source", delaySeconds=86_400, **AFTER),
                "lags": [{"column": "z", "steps": [24, 48]}],
            },
            id="lags-as-long-as-the-delay",
        ),
        pytest.param({"columns": two(availability="KnownInAdvance")}, id="forecast"),
    ],
)
def test_allowed_by_rule(changes: dict[str, Any]) -> None:
    refuse_leaking_rules(make_rules(**({"time": GRID} | changes)))


@pytest.mark.parametrize(
    ("rule", "window"),
    [
        (NOW, [0]),
        (NEXT, [1]),
        (WITHIN, [1, 2, 3, 4, 5, 6]),
    ],
    ids=["now", "next", "within"],
)
def test_windows(rule: dict[str, Any], window: list[int]) -> None:
    assert list(target_window(Target.model_validate(rule))) == window


TRUTH = (np.random.default_rng(5).random(4000) < 0.03).astype(np.int64)
NOISE = np.random.default_rng(6).normal(size=4000)


@pytest.mark.parametrize(
    ("values", "leaks"),
    [
        pytest.param(TRUTH.astype(float), True, id="the-target-itself"),
        pytest.param(1 - TRUTH * 2.0, True, id="the-target-upside-down"),
        pytest.param(np.where(TRUTH == 1, 50 + NOISE, NOISE), True, id="far-apart"),
        pytest.param(np.where(TRUTH == 1, NOISE, NOISE + 50) ** 2, True, id="near-zero"),
        pytest.param(NOISE + 2 * TRUTH, False, id="a-very-good-feature"),
        pytest.param(NOISE, False, id="noise"),
        pytest.param(np.zeros(4000), False, id="constant"),
        pytest.param(np.arange(4000.0), False, id="row-number"),
    ],
)
def test_leaks_by_data(values: np.ndarray[Any, np.dtype[np.float64]], leaks: bool) -> None:  # noqa: FBT001 - a table's column
    rule = Target.model_validate(NOW)
    if leaks:
        with pytest.raises(StageError, match=r"feature f alone predicts target y") as raised:
            refuse_leaking_data({"f": values}, TRUTH, 2, rule)
        assert raised.value.reason is StageReason.LEAKING_TARGET
    else:
        refuse_leaking_data({"f": values}, TRUTH, 2, rule)


@pytest.mark.parametrize(("shift", "leaks"), [(0, False), (1, True)], ids=["in-place", "shifted"])
def test_data_shifted_by_one_row_fails(shift: int, leaks: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a table's column
    """A second sensor of the same quantity is no leak; a row early, it is the target itself."""
    values = np.random.default_rng(8).normal(size=801)
    rows = [f"{iso(n)},{values[n]:.6f},{values[n + shift]:.6f}" for n in range(800)]
    rules = make_rules(columns=two(), target=NEXT)
    if leaks:
        with pytest.raises(StageError, match=r"feature z alone predicts target y") as raised:
            ingest(tmp_path, {"d.csv": csv_text("ts,x,z", rows)}, rules)
        assert raised.value.reason is StageReason.LEAKING_TARGET
    else:
        assert ingest(tmp_path, {"d.csv": csv_text("ts,x,z", rows)}, rules).manifest.rows_kept


def test_many_bins_on_few_rows_are_no_knowledge() -> None:
    generator = np.random.default_rng(7)
    accuracies = [
        single_feature_accuracy(generator.normal(size=60), np.arange(60) % 2, 2) for _ in range(50)
    ]
    assert max(accuracies) < 0.9


def test_all_classes_must_be_told_apart() -> None:
    index = np.arange(3000) % 3
    first_only = (index == 0).astype(np.float64)
    assert single_feature_accuracy(first_only, index, 3) < 0.7
    assert single_feature_accuracy(index.astype(np.float64), index, 3) == 1.0
