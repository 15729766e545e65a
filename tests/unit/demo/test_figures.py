"""Figures of the demo: what was not measured, or means nothing, is short and says why."""

import io
import math
from collections import Counter

import numpy as np
import pytest
from rich.console import Console

from demo.latency import Latency
from demo.loop import Hop
from demo.report import cut_bars, failures_bar, gaps_of
from demo.story import Story
from replay.arms import Gap
from replay.player import Played
from support.bars import Bar, bar_of_retrains

VERDICT = {"time": "2026-11-22T10:00:00Z"}
NONE = np.zeros(0, np.int64)


@pytest.mark.parametrize(
    ("bar", "line"),
    [
        pytest.param(Bar("x", 1, 2), "bar x 1 2 ok", id="small enough"),
        pytest.param(Bar("x", 3, 2), "bar x 3 2 short", id="too large"),
        pytest.param(Bar("x", 3, 2, at_least=True), "bar x 3 2 ok", id="large enough"),
        pytest.param(Bar("x", 1, 2, at_least=True), "bar x 1 2 short", id="too small"),
        pytest.param(Bar("x", math.nan, 2), "bar x nan 2 short", id="no number"),
        pytest.param(
            Bar("x", math.nan, 2, at_least=True), "bar x nan 2 short", id="no number, at least"
        ),
        pytest.param(
            Bar.unmeasured("x", 2, "nothing ran"),
            "bar x nan 2 short # nothing ran",
            id="unmeasured",
        ),
        pytest.param(
            bar_of_retrains("x", 0, 2), "bar x nan 2 short # nothing was retrained", id="no retrain"
        ),
        pytest.param(bar_of_retrains("x", 2, 2), "bar x 2 2 ok", id="two retrains"),
    ],
)
def test_a_bar_is_one_line(bar: Bar, line: str) -> None:
    assert str(bar) == line


@pytest.mark.parametrize(
    ("gap", "line"),
    [
        pytest.param(Gap(0.10, 0.02, 0.01), "bar cut 0.8 0.5 ok", id="most of it is cut"),
        pytest.param(Gap(0.10, 0.08, 0.01), "bar cut 0.2 0.5 short", id="little of it is cut"),
        pytest.param(Gap(0.10, 0.02, -0.1), "bar cut 0.8 0.5 ok", id="better than boosting"),
        pytest.param(
            Gap(0.019, 0.0, 0.0),
            "bar cut nan 0.5 short # no decay to cut: a frozen model's is 0.0190 of 0.02 asked",
            id="hardly any decay",
        ),
        pytest.param(
            Gap(0.0, 0.0, 0.0),
            "bar cut nan 0.5 short # no decay to cut: a frozen model's is 0.0000 of 0.02 asked",
            id="no decay at all",
        ),
        pytest.param(
            Gap(math.nan, 0.0, 0.0),
            "bar cut nan 0.5 short # no decay to cut: a frozen model's is nan of 0.02 asked",
            id="no number",
        ),
        pytest.param(
            Gap(0.10, 0.02, 0.03),
            "bar cut nan 0.5 short # no fair start: the first model is 0.0300 behind "
            "HistGradientBoosting, 0.02 allowed",
            id="a bad first model",
        ),
    ],
)
def test_a_cut_is_that_of_a_good_model_that_decays(gap: Gap, line: str) -> None:
    assert str(gap.bar("cut", 0.5)) == line


def test_a_cut_is_told_for_every_goal() -> None:
    quality = {"refit every window": [0.9] * 3, "frozen": [0.9, 0.8, 0.7], "loop": [0.9, 0.8, 0.9]}
    found = {name: np.array(series) for name, series in quality.items()}
    goals = {2: 0.5, 6: 0.5}

    gaps = gaps_of(found, boosting=0.9, goals=goals)

    assert sorted(gaps) == [2, 3]
    assert [str(bar) for bar in cut_bars(gaps, goals)] == [
        "bar staleness-cut-2 0 0.5 short",
        "bar staleness-cut-6 nan 0.5 short # only 3 windows were played",
    ]


def rolled_out(end: str, *versions: str) -> Hop:
    return Hop(3, "Retrain", "", run="r-1", rollout=end, answers=Counter(versions))


QUIET = "nan 0 short # nothing was asked through the rollout of r-1"


@pytest.mark.parametrize(
    ("counts", "hops", "line"),
    [
        pytest.param((0, 0, 0), [], "nan 0 short # nothing was asked", id="nothing asked"),
        pytest.param((0, 3, 0), [], "nan 0 short # no label was sent", id="nothing labelled"),
        pytest.param((0, 3, 3), [], "0 0 ok", id="none failed"),
        pytest.param((1, 3, 3), [], "1 0 short", id="one failed"),
        pytest.param((0, 3, 3), [rolled_out("")], "0 0 ok", id="no version came"),
        pytest.param((0, 3, 3), [rolled_out("Promoted", "a", "b")], "0 0 ok", id="promoted"),
        pytest.param((0, 3, 3), [rolled_out("Promoted", "a")], QUIET, id="never the new one"),
        pytest.param((0, 3, 3), [rolled_out("RolledBack", "a")], "0 0 ok", id="rolled back"),
        pytest.param((0, 3, 3), [rolled_out("RolledBack")], QUIET, id="nothing asked meanwhile"),
    ],
)
def test_failures_are_those_of_all_requests_also_while_versions_change(
    counts: tuple[int, int, int], hops: list[Hop], line: str
) -> None:
    played = Played(NONE, NONE.astype(np.str_), *counts)
    assert str(failures_bar(played, hops)) == f"bar failed-requests {line}"


@pytest.mark.parametrize(
    ("latency", "ended", "lines"),
    [
        pytest.param(
            Latency(5, verdicts=[4.0, 6.0], trainings=[3.0, 2.0], plans=[1.0]),
            1,
            ["1.2 2 ok", "3 15 ok", "1 5 ok"],
            id="all seen",
        ),
        pytest.param(
            Latency(5),
            0,
            [
                "nan 2 short # no window was decided",
                "nan 15 short # nothing was retrained",
                "nan 5 short # no rollout has ended",
            ],
            id="nothing seen",
        ),
        pytest.param(
            Latency(5, verdicts=[11.0], trainings=[3.0, math.nan], plans=[6.0]),
            1,
            ["2.2 2 short", "nan 15 short # one was not seen", "6 5 short"],
            id="late, and one start not seen",
        ),
        pytest.param(
            Latency(5, verdicts=[4.0], trainings=[3.0], plans=[1.0]),
            2,
            ["0.8 2 ok", "3 15 ok", "nan 5 short # one was not seen"],
            id="the end of a rollout not seen",
        ),
    ],
)
def test_the_slowest_counts(latency: Latency, ended: int, lines: list[str]) -> None:
    bars = [latency.verdict_bar(), latency.training_bar(), latency.plan_bar(ended)]
    assert [str(bar).split(maxsplit=2)[2] for bar in bars] == lines


MISSING = Bar.unmeasured("starts", 15, "nothing was retrained")


@pytest.mark.parametrize(
    ("must_retrain", "happened", "told", "all_met"),
    [
        pytest.param(
            True, False, "bar starts nan 15 short # nothing was", False, id="it must retrain"
        ),
        pytest.param(False, False, "not owed: nothing was retrained", True, id="it does not"),
        pytest.param(False, True, "bar starts nan 15 short", False, id="it retrained all the same"),
    ],
)
def test_where_nothing_must_be_retrained_no_figure_of_it_is_owed(
    *, must_retrain: bool, happened: bool, told: str, all_met: bool
) -> None:
    printed = io.StringIO()
    story = Story(Console(file=printed, width=120, highlight=False), must_retrain=must_retrain)
    story.bar_of_retraining(MISSING, happened=happened)

    assert story.close(["make down"]) is all_met
    assert told in printed.getvalue()
    assert printed.getvalue().rstrip().endswith("make down")
