"""The demo's time counts from `make`, and its goal depends on what had to be built."""

import os
import time
from pathlib import Path

import pytest

from demo.minutes import BEGAN, began, minutes_bar

HOUR = 3600.0


def test_the_time_counts_from_what_make_tells() -> None:
    assert began({BEGAN: "1700000000"}) == 1_700_000_000


@pytest.mark.parametrize("environment", [{}, {BEGAN: ""}], ids=["nothing", "empty"])
def test_without_make_it_counts_from_now(environment: dict[str, str]) -> None:
    before = time.time()
    assert before <= began(environment) <= time.time()


@pytest.mark.parametrize(
    ("age", "told", "goal"),
    [
        pytest.param(2 * HOUR, {}, 8, id="built before"),
        pytest.param(HOUR / 2, {}, 40, id="built meanwhile"),
        pytest.param(2 * HOUR, {"KUBE_CONTEXT": "kind-a"}, 40, id="pushed to another cluster"),
    ],
)
def test_a_cold_machine_may_take_longer(
    age: float, told: dict[str, str], goal: float, tmp_path: Path
) -> None:
    now = time.time()
    record = tmp_path / "images" / "localhost_trimtab-operator:dev.json"
    record.parent.mkdir()
    record.touch()
    os.utime(record, (now - age, now - age))

    bar = minutes_bar(now - HOUR, {"TRIMTAB_STATE": str(tmp_path), **told}, warm=8)

    assert (bar.goal, bar.met) == (goal, False)
    assert bar.value == pytest.approx(60, abs=5)


def test_without_any_image_nothing_was_built(tmp_path: Path) -> None:
    assert minutes_bar(time.time(), {"TRIMTAB_STATE": str(tmp_path / "none")}, warm=8).met
