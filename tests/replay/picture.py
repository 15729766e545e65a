"""The loop's story as one SVG: quality of each window by policy, drift below it, and what was
decided.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from replay.decision_row import Decided, draw_decisions, draw_legend, legend_height
from replay.panel import LEFT, WIDTH, Panel, Series, highest, text

TITLE, MARKS = 24, 56
QUALITY_LEGEND, QUALITY_TOP, QUALITY_HEIGHT, QUALITY_STEP = 46, 102, 230, 0.05
DRIFT_LEGEND, DRIFT_TOP, DRIFT_HEIGHT, DRIFT_STEP = 364, 376, 110, 0.25
NUMBERS, ROW, LEGEND = 506, 524, 554
QUALITY_ROOM, DRIFT_ROOM = 150, 290
INPUTS = "input drift: share of drifted features"
OUTPUTS = "prediction drift: distance of the scores"
COLOURS = {
    "loop": "#2f6fb0",
    "frozen": "#b8443b",
    "refit every window": "#8a8a8a",
    INPUTS: "#8a5a00",
    OUTPUTS: "#6a3cc2",
}
MARK_LINE, MARK_LINES = 14, 3
"""Texts of marks stand above the values, and neighbours below one another."""


@dataclass(frozen=True)
class Mark:
    """Something that happened at the end of a window.

    Attributes:
        window: number of the window, from 0.
        text: what happened.
    """

    window: int
    text: str


@dataclass(frozen=True)
class Told:
    """What there is to tell of a play.

    Attributes:
        title: what is shown.
        qualities: balanced accuracy by policy, [W] each.
        drift: signals of the loop by name, [W] each; NaN where one was not measured.
        decisions: every decision but to wait.
        marks: what happened after which window.
    """

    title: str
    qualities: Mapping[str, Series]
    drift: Mapping[str, Series]
    decisions: Sequence[Decided]
    marks: Sequence[Mark]


def draw(told: Told) -> str:
    """Return the picture."""
    quality, drift = _quality_panel(told), _drift_panel(told)
    height = LEGEND + legend_height(told.decisions)
    parts = (
        text((LEFT, TITLE), told.title, "#222", size=15),
        *(_mark(quality, mark, place) for place, mark in enumerate(told.marks)),
        quality.draw(told.qualities, COLOURS, QUALITY_ROOM),
        drift.draw(told.drift, COLOURS, DRIFT_ROOM),
        _numbers(quality),
        draw_decisions(quality, told.decisions, ROW),
        draw_legend(told.decisions, LEGEND),
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" '
        f'font-family="sans-serif"><title>{escape(told.title)}</title>'
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>{"".join(parts)}</svg>'
    )


def _quality_panel(told: Told) -> Panel:
    values = np.concatenate(list(told.qualities.values()))
    low = float(np.floor(np.nanmin(values) / QUALITY_STEP)) * QUALITY_STEP
    scale = (_windows(told), low, 1.0, QUALITY_STEP)
    return Panel(QUALITY_TOP, QUALITY_HEIGHT, *scale, QUALITY_LEGEND)


def _drift_panel(told: Told) -> Panel:
    scale = (_windows(told), 0.0, highest(told.drift, DRIFT_STEP), DRIFT_STEP)
    return Panel(DRIFT_TOP, DRIFT_HEIGHT, *scale, DRIFT_LEGEND)


def _windows(told: Told) -> int:
    return len(next(iter(told.qualities.values())))


def _numbers(panel: Panel) -> str:
    numbers = range(panel.windows)
    return "".join(
        text((panel.x(window), NUMBERS), str(window + 1), "#666", anchor="middle")
        for window in numbers
    )


def _mark(panel: Panel, mark: Mark, place: int) -> str:
    """Return a line at a window's end; its text stands on the side that has room for it."""
    x, y = panel.x(mark.window + 0.5), MARKS + MARK_LINE * (place % MARK_LINES)
    line = f'<path d="M{x:.1f},{y} V{ROW + 8}" stroke="#999" stroke-dasharray="4 3"/>'
    side, anchor = (4, "start") if x < WIDTH * 2 / 3 else (-4, "end")
    return line + text((x + side, y + 11), mark.text, "#333", anchor=anchor, size=11)
