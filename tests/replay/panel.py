"""One panel of a picture: a scale over the windows, a grid, and lines that pause where nothing was
measured.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

WIDTH = 860
LEFT, RIGHT = 56, 16
OTHER_COLOUR = "#555"

Series = NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """Where values of windows are drawn; pixels, y grows downwards.

    Attributes:
        top: upper edge.
        height: between both edges.
        windows: how many there are.
        low: value at the lower edge.
        high: value at the upper edge.
        step: between two lines of the grid.
        legend: base line of the lines' names.
    """

    top: float
    height: float
    windows: int
    low: float
    high: float
    step: float
    legend: float

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.top + self.height

    def x(self, window: float) -> float:
        """Return the middle of a window."""
        return LEFT + (window + 0.5) / self.windows * (WIDTH - LEFT - RIGHT)

    def y(self, value: float) -> float:
        """Return the height of a value."""
        return self.bottom - (value - self.low) / (self.high - self.low) * self.height

    def draw(self, lines: Mapping[str, Series], colours: Mapping[str, str], room: float) -> str:
        """Return the grid, the lines by name, and their names above, each so wide."""
        parts = [self._grid()]
        for place, (name, series) in enumerate(lines.items()):
            colour = colours.get(name, OTHER_COLOUR)
            parts.append(self._line(name, series, colour))
            told = name if np.isfinite(series).any() else f"{name} (not measured)"
            parts.append(text((LEFT + room * place, self.legend), told, colour))
        return "".join(parts)

    def _grid(self) -> str:
        parts = []
        for value in np.arange(self.low, self.high + 1e-9, self.step):
            y = self.y(float(value))
            parts.append(f'<path d="M{LEFT},{y:.1f} H{WIDTH - RIGHT}" stroke="#e4e4e4"/>')
            parts.append(text((LEFT - 6, y + 4), f"{value:.2f}", "#666", anchor="end"))
        return "".join(parts)

    def _line(self, name: str, series: Series, colour: str) -> str:
        """Return the values as dots, those of neighbouring windows joined."""
        parts = []
        for stretch in _stretches(series):
            points = " ".join(f"{self.x(at):.1f},{self.y(series[at]):.1f}" for at in stretch)
            stroke = f'fill="none" stroke="{colour}" stroke-width="2"'
            parts.append(f'<polyline points="{points}" {stroke}/>')
            parts += [self._dot(name, at, float(series[at]), colour) for at in stretch]
        return "".join(parts)

    def _dot(self, name: str, window: int, value: float, colour: str) -> str:
        told = escape(f"window {window + 1}: {name} {value:.3f}")
        at = f'cx="{self.x(window):.1f}" cy="{self.y(value):.1f}"'
        return f'<circle {at} r="2.5" fill="{colour}"><title>{told}</title></circle>'


def _stretches(series: Series) -> list[list[int]]:
    """Return the windows that follow one another and were measured."""
    groups = groupby(range(len(series)), lambda at: bool(np.isfinite(series[at])))
    return [list(stretch) for measured, stretch in groups if measured]


def highest(lines: Mapping[str, Series], step: float) -> float:
    """Return the first line of a grid that no value is above."""
    values = np.concatenate(list(lines.values())) if lines else np.zeros(0)
    measured: Sequence[float] = values[np.isfinite(values)].tolist()
    return max(1.0, float(np.ceil(max(measured, default=0.0) / step))) * step


def text(
    at: tuple[float, float], words: str, colour: str, *, anchor: str = "start", size: int = 12
) -> str:
    """Return a text; `at` is on its base line."""
    return (
        f'<text x="{at[0]:.1f}" y="{at[1]:.1f}" fill="{colour}" font-size="{size}" '
        f'text-anchor="{anchor}">{escape(words)}</text>'
    )
