"""What the demo ends with: a table, a picture, and figures with their goals."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from demo.beside import Beside
from demo.installation import ROOT
from demo.loop import Loop
from demo.scenario import Scenario
from demo.story import Story
from replay.arms import gap
from replay.picture import Mark, draw
from support.bars import Bar

CLOSE_ENOUGH = 0.02
PICTURE = ROOT / "loop.svg"

Qualities = Mapping[str, NDArray[np.float64]]


def tell_quality(story: Story, scenario: Scenario, loop: Loop, beside: Beside) -> None:
    """Tell the quality of each window, under the loop and otherwise, and draw it."""
    found = {
        "loop": loop.quality(),
        "frozen": beside.frozen(),
        "refit every window": beside.every(),
    }
    retrained = [hop for hop in loop.hops if hop.outcome == "Retrain"]
    marks = [Mark(hop.window, f"{hop.run}: {hop.rollout or hop.gates}") for hop in retrained]
    PICTURE.write_text(draw(scenario.title, found, marks))
    for hop in loop.hops:
        story.fact(f"window {hop.window + 1}", f"{hop.outcome}: {hop.message}")
    for name, series in found.items():
        story.fact(name, " ".join(f"{value:.3f}" for value in series))
    boosting = beside.boosting()
    story.fact("HistGradientBoosting, first window", f"{boosting:.3f}")
    story.fact("picture", PICTURE.name)
    story.bar(Bar("demo-accuracy-gap", boosting - found["frozen"][0], CLOSE_ENOUGH))
    _tell_gaps(story, scenario, found)
    story.bar(Bar("retrains", len(retrained), scenario.most_retrains))
    story.bar(Bar("failed-requests", loop.player.played.failed, 0))
    for bar in loop.latency.bars():
        story.bar(bar)


def _tell_gaps(story: Story, scenario: Scenario, found: Qualities) -> None:
    played = len(found["loop"])
    for reach in sorted({played, *(reach for reach in scenario.goals if reach <= played)}):
        measured = gap(found["refit every window"], found["frozen"], found["loop"], reach)
        cut = f"cut {measured.cut:.2f}" if measured.is_valid else "no decay to cut"
        decay = f"frozen {measured.frozen:.3f}, loop {measured.policy:.3f}"
        story.fact(f"decay, {reach} windows", f"{decay}: {cut}")
        if reach in scenario.goals:
            goal = scenario.goals[reach]
            story.bar(Bar(f"staleness-cut-{reach}", measured.cut, goal, at_least=True))
