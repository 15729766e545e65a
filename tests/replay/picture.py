"""The loop's story as one SVG: quality of each window by policy, decisions marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 860, 380
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 40, 64
COLOURS = {"loop": "#2f6fb0", "frozen": "#b8443b", "refit every window": "#8a8a8a"}
LABEL_ROOM = 150


@dataclass(frozen=True)
class Mark:
    """Something that happened at the end of a window.

    Attributes:
        window: number of the window, from 0.
        text: what happened.
    """

    window: int
    text: str


def draw(title: str, qualities: Mapping[str, NDArray[np.float64]], marks: Sequence[Mark]) -> str:
    """Return the picture.

    Args:
        title: what is shown.
        qualities: balanced accuracy by policy, [W] each.
        marks: what happened after which window.
    """
    values = np.concatenate(list(qualities.values()))
    low = np.floor(values.min() * 20) / 20
    scale = _Scale(len(next(iter(qualities.values()))), float(low), 1.0)
    parts = [_grid(scale), *(_mark(scale, mark, place) for place, mark in enumerate(marks))]
    for place, (name, series) in enumerate(qualities.items()):
        colour = COLOURS.get(name, "#555")
        points = " ".join(
            f"{scale.x(at):.1f},{scale.y(value):.1f}" for at, value in enumerate(series)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
        )
        parts.append(_text(LEFT + LABEL_ROOM * place, HEIGHT - 10, name, colour, anchor="start"))
    heading = _text(LEFT, 22, title, "#222", anchor="start", size=15)
    body = heading + "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'font-family="sans-serif"><title>{escape(title)}</title>'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>{body}</svg>'
    )


@dataclass(frozen=True)
class _Scale:
    windows: int
    low: float
    high: float

    def x(self, window: float) -> float:
        return LEFT + (window + 0.5) / self.windows * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low)
        return TOP + (1 - share) * (HEIGHT - TOP - BOTTOM)


def _grid(scale: _Scale) -> str:
    lines = []
    for value in np.arange(scale.low, scale.high + 1e-9, 0.05):
        y = scale.y(float(value))
        lines.append(f'<path d="M{LEFT},{y:.1f} H{WIDTH - RIGHT}" stroke="#e4e4e4"/>')
        lines.append(_text(LEFT - 6, y + 4, f"{value:.2f}", "#666", anchor="end"))
    for window in range(scale.windows):
        text = str(window + 1)
        lines.append(_text(scale.x(window), HEIGHT - BOTTOM + 18, text, "#666", anchor="middle"))
    return "".join(lines)


def _mark(scale: _Scale, mark: Mark, place: int) -> str:
    x = scale.x(mark.window + 0.5)
    y = TOP + 12 + 14 * (place % 3)
    line = f'<path d="M{x:.1f},{TOP} V{HEIGHT - BOTTOM}" stroke="#999" stroke-dasharray="4 3"/>'
    return line + _text(x + 4, y, mark.text, "#333", anchor="start", size=11)


def _text(x: float, y: float, text: str, colour: str, *, anchor: str, size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(text)}</text>'
    )
