"""The decisions of a play: a glyph in a row for each, and below what the glyphs mean."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

from replay.panel import LEFT, Panel, text

LINE = 18
"""Pixels between two lines of the legend."""
SUPPRESS = "Suppress"
GLYPHS = {
    "Retrain": ("#1f7a4d", "M-6,0a6,6 0 1,0 12,0a6,6 0 1,0 -12,0Z"),
    "Suggest": ("#1a8a9a", "M-3,-6H3L6,0L3,6H-3L-6,0Z"),
    SUPPRESS: ("#6b7482", "M0,-7L7,0L0,7L-7,0Z"),
    "Alert": ("#d07a00", "M0,-7L7,5H-7Z"),
    "HoldRetraining": ("#bd252c", "M-5.5,-5.5H5.5V5.5H-5.5Z"),
}
"""Colour and outline by outcome, around the middle: no two are told apart by colour alone."""
OTHER = ("#222", "M-6,-2H-2V-6H2V-2H6V2H2V6H-2V2H-6Z")


@dataclass(frozen=True)
class Decided:
    """What was decided for a window.

    Attributes:
        window: number of the window, from 0.
        outcome: Retrain, Suppress, Alert, ...
        reason: why, in a word.
        message: why, in numbers.
    """

    window: int
    outcome: str
    reason: str
    message: str

    @property
    def label(self) -> str:
        """What the legend calls it: only a suppressed retrain has a reason that tells more."""
        return f"{self.outcome}, {self.reason}" if self.outcome == SUPPRESS else self.outcome


def draw_decisions(panel: Panel, decisions: Sequence[Decided], y: float) -> str:
    """Return the row of glyphs, each below its window."""
    title = text((LEFT - 6, y + 4), "decided", "#666", anchor="end")
    return title + "".join(_told(panel.x(one.window), y, one) for one in decisions)


def _told(x: float, y: float, one: Decided) -> str:
    words = escape(f"window {one.window + 1}: {one.outcome}, {one.reason}: {one.message}")
    return f"<g><title>{words}</title>{_glyph(x, y, one.outcome)}</g>"


def _glyph(x: float, y: float, outcome: str) -> str:
    colour, outline = GLYPHS.get(outcome, OTHER)
    return f'<path transform="translate({x:.1f} {y:.1f})" d="{outline}" fill="{colour}"/>'


def draw_legend(decisions: Sequence[Decided], top: float) -> str:
    """Return a line for each kind of decision, with its windows."""
    if not decisions:
        return text((LEFT, top + 4), "nothing was due after any window", "#333")
    lines = enumerate(_kinds(decisions))
    return "".join(_meaning(top + LINE * place, *kind) for place, kind in lines)


def legend_height(decisions: Sequence[Decided]) -> int:
    """Return how high the legend is, pixels."""
    return LINE * max(1, len(list(_kinds(decisions))))


def _kinds(decisions: Sequence[Decided]) -> Iterator[tuple[str, list[Decided]]]:
    for label in dict.fromkeys(one.label for one in decisions):
        yield label, [one for one in decisions if one.label == label]


def _meaning(y: float, label: str, found: Sequence[Decided]) -> str:
    word = "window" if len(found) == 1 else "windows"
    numbers = ", ".join(str(one.window + 1) for one in found)
    glyph = _glyph(LEFT + 8, y, found[0].outcome)
    return glyph + text((LEFT + 24, y + 4), f"{label}: {word} {numbers}", "#333")
