"""Small charts as inline SVG; no script, no external file."""

from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 300.0, 72.0
COLOURS = ("#2f6fb0", "#c98a1b", "#3f8f5b")


def bars(series: Mapping[str, Sequence[float]], label: str) -> str:
    """Draw histograms over the same bins as shares of their own sum: one filled, others outlined.

    Args:
        series: counts by name; each is normalised.
        label: what is shown, for readers of the page who cannot see.
    """
    shares = {name: _normalised(counts) for name, counts in series.items()}
    top = max((share for held in shares.values() for share in held), default=0) or 1.0
    heights = [[share / top for share in held] for held in shares.values()]
    filled = [
        _rectangle(position, len(held), height)
        for held in heights[:1]
        for position, height in enumerate(held)
        if height
    ]
    outlines = [
        _outline(held, colour) for held, colour in zip(heights[1:], COLOURS[1:], strict=False)
    ]
    return _frame("".join(filled + outlines), label)


def line(values: Sequence[float | None], label: str) -> str:
    """Draw values over time, from zero to their maximum; None leaves a hole."""
    top = max((value for value in values if value is not None), default=0) or 1.0
    step = WIDTH / max(1, len(values) - 1)
    marks = [
        f"<path d='{path}' fill='none' stroke='{COLOURS[0]}' stroke-width='1.5'/>"
        for path in _paths(values, step, top)
    ]
    dots = [
        f"<circle cx='{position * step:.1f}' cy='{_y(value / top):.1f}' r='1.6'"
        f" fill='{COLOURS[0]}'/>"
        for position, value in enumerate(values)
        if value is not None
    ]
    return _frame("".join(marks + dots), label)


def share_bar(parts: Mapping[str, float]) -> str:
    """Draw one horizontal bar cut into shares of its sum."""
    total = sum(parts.values()) or 1.0
    left, marks = 0.0, []
    for (name, value), colour in zip(parts.items(), COLOURS, strict=False):
        width = WIDTH * value / total
        title = f"<title>{escape(name)}: {value:g}</title>"
        shape = f"x='{left:.2f}' y='0' width='{width:.2f}' height='14' fill='{colour}'"
        marks.append(f"<rect {shape}>{title}</rect>")
        left += width
    size = f"viewBox='0 0 {WIDTH:g} 14' height='14' preserveAspectRatio='none'"
    return f"<svg {size} role='img'>{''.join(marks)}</svg>"


def _normalised(counts: Sequence[float]) -> list[float]:
    total = sum(counts) or 1.0
    return [count / total for count in counts]


def _rectangle(position: int, bins: int, height: float) -> str:
    width = WIDTH / bins
    return (
        f"<rect x='{position * width:.2f}' y='{_y(height):.2f}' width='{width * 0.92:.2f}'"
        f" height='{HEIGHT - _y(height):.2f}' fill='{COLOURS[0]}' fill-opacity='0.4'/>"
    )


def _outline(heights: Sequence[float], colour: str) -> str:
    width = WIDTH / max(1, len(heights))
    steps = "".join(
        f" V{_y(height):.2f} H{(position + 1) * width:.2f}"
        for position, height in enumerate(heights)
    )
    path = f"M0,{HEIGHT}{steps} V{HEIGHT}"
    return f"<path d='{path}' fill='none' stroke='{colour}' stroke-width='1.5'/>"


def _paths(values: Sequence[float | None], step: float, top: float) -> list[str]:
    """Return one path for every stretch without holes."""
    paths, points = [], list[str]()
    for position, value in enumerate([*values, None]):
        if value is not None:
            points.append(f"{position * step:.1f},{_y(value / top):.1f}")
        elif points:
            paths.append("M" + " L".join(points))
            points = []
    return paths


def _y(share: float) -> float:
    return (HEIGHT - 2) * (1 - share) + 1


def _frame(marks: str, label: str) -> str:
    title = f"<title>{escape(label)}</title>"
    base = f"<line x1='0' y1='{HEIGHT}' x2='{WIDTH}' y2='{HEIGHT}' stroke='#999'/>"
    return f"<svg viewBox='0 0 {WIDTH:g} {HEIGHT:g}' role='img'>{title}{base}{marks}</svg>"
