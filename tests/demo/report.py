"""What the demo ends with: a table, a picture, and figures with their goals."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from demo.beside import Beside
from demo.installation import ROOT
from demo.loop import Hop, Loop
from demo.scenario import Scenario
from demo.story import Story
from replay.arms import CLOSE_ENOUGH, Gap, gap
from replay.decision_row import Decided
from replay.picture import INPUTS, OUTPUTS, Mark, Told, draw
from replay.player import Played
from support.bars import Bar
from trimtab_operator.api.rollout import RolloutState
from trimtab_stages.contract.monitoring import SignalKind

PICTURE = ROOT / "loop.svg"
DRIFT = {INPUTS: SignalKind.INPUT_DRIFT, OUTPUTS: SignalKind.PREDICTION_DRIFT}

Qualities = Mapping[str, NDArray[np.float64]]


def tell_quality(story: Story, scenario: Scenario, loop: Loop, beside: Beside) -> None:
    """Tell the quality of each window, under the loop and otherwise, and draw it."""
    found = {
        "loop": loop.quality(),
        "frozen": beside.frozen(),
        "refit every window": beside.every(),
    }
    PICTURE.write_text(draw(told_of(scenario.title, found, loop.hops)))
    for hop in loop.hops:
        story.fact(f"window {hop.window + 1}", f"{hop.outcome}: {hop.message}")
    for name, series in (found | drift_of(loop.hops)).items():
        story.fact(name, " ".join(f"{value:.3f}" for value in series))
    boosting = beside.boosting()
    story.fact("HistGradientBoosting, first window", f"{boosting:.3f}")
    story.fact("picture", PICTURE.name)
    story.bar(Bar("demo-accuracy-gap", boosting - found["frozen"][0], CLOSE_ENOUGH))
    gaps = gaps_of(found, boosting, scenario.goals)
    for reach, measured in gaps.items():
        decay = f"frozen {measured.frozen:.3f}, loop {measured.policy:.3f}"
        story.fact(f"decay, {reach} windows", f"{decay}: {measured.words}")
    for bar in cut_bars(gaps, scenario.goals):
        story.bar(bar)


def tell_service(story: Story, loop: Loop, ended: int) -> None:
    """Tell how many requests failed, and how quickly the loop acted; `ended` counts rollouts."""
    played, latency = loop.player.played, loop.latency
    meanwhile = sum(hop.answers.total() for hop in loop.hops)
    asked = f"{played.asked} for answers, {meanwhile} of them answered while versions changed"
    story.fact("requests", f"{asked}; {played.labelled} with labels")
    story.bar(failures_bar(played, loop.hops))
    story.bar(latency.verdict_bar())
    story.bar_of_retraining(latency.training_bar(), happened=bool(latency.trainings))
    story.bar_of_retraining(latency.plan_bar(ended), happened=bool(ended or latency.plans))


def told_of(title: str, found: Qualities, hops: Sequence[Hop]) -> Told:
    """Return what the picture tells of a play."""
    marks = [
        Mark(hop.window, f"{hop.run}: {hop.rollout or hop.gates}")
        for hop in hops
        if hop.outcome == "Retrain"
    ]
    decisions = [
        Decided(hop.window, hop.outcome, hop.decision["reason"], hop.message)
        for hop in hops
        if hop.outcome != "Wait"
    ]
    return Told(title, found, drift_of(hops), decisions, marks)


def drift_of(hops: Sequence[Hop]) -> dict[str, NDArray[np.float64]]:
    """Return the loop's signals of drift in each window; NaN where one was not measured."""
    return {
        name: np.array([hop.readings.get(kind, math.nan) for hop in hops])
        for name, kind in DRIFT.items()
    }


def gaps_of(found: Qualities, boosting: float, goals: Mapping[int, float]) -> dict[int, Gap]:
    """Return the staleness gap by number of windows: all that were played, and those of goals."""
    every, frozen, loop = (found[name] for name in ("refit every window", "frozen", "loop"))
    played = len(loop)
    reaches = sorted({played, *(reach for reach in goals if reach <= played)})
    return {reach: gap(every, frozen, loop, reach, boosting) for reach in reaches}


def cut_bars(gaps: Mapping[int, Gap], goals: Mapping[int, float]) -> Iterator[Bar]:
    """Yield the share of the staleness that the loop cuts, also of windows that were not played."""
    for reach, goal in goals.items():
        name = f"staleness-cut-{reach}"
        if reach in gaps:
            yield gaps[reach].bar(name, goal)
        else:
            why = f"only {max(gaps)} windows were played"
            yield Bar.unmeasured(name, goal, why, at_least=True)


def failures_bar(played: Played, hops: Sequence[Hop]) -> Bar:
    """Return how many requests failed, for answers and with labels; none was tried again.

    Through every promotion and rollback: where no request was under way, there is no figure.
    """
    quiet = [hop.run for hop in hops if hop.rollout and not was_asked_through(hop)]
    if not played.asked or not played.labelled:
        why = "no label was sent" if played.asked else "nothing was asked"
    elif quiet:
        why = f"nothing was asked through the rollout of {', '.join(quiet)}"
    else:
        return Bar("failed-requests", played.failed, 0)
    return Bar.unmeasured("failed-requests", 0, why)


def was_asked_through(hop: Hop) -> bool:
    """Return whether a rollout had requests to its end: a promoted version took over under way."""
    return len(hop.answers) >= (2 if hop.rollout == RolloutState.PROMOTED else 1)
