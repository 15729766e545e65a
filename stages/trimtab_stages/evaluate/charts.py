"""Charts of the run report as inline SVG."""

from collections.abc import Mapping, Sequence
from html import escape

from trimtab_stages.contract.run import ConfusionMatrix
from trimtab_stages.evaluate.evaluation import ReliabilityBin

WIDTH, HEIGHT, LEFT, BOTTOM = 320.0, 220.0, 36.0, 22.0
SERIES = {
    "train_loss": ("training", "#2f6fb0"),
    "validation_loss": ("validation", "#c98a1b"),
    "refined_loss": ("validation, recalibrated", "#3f8f5b"),
}
_MOST_LABELLED = 12
_LONGEST_LABEL = 24
_ROOM_FOR_LEGEND = 1.3

Point = tuple[float, float]


def draw_losses(curve: Sequence[Mapping[str, float]], kept: int) -> str:
    """Draw the losses over the epochs with a line at the kept epoch.

    Args:
        curve: one mapping per epoch, with `epoch` and the losses.
        kept: number of the kept epoch.
    """
    highest = max((line[name] for line in curve for name in SERIES if name in line), default=1.0)
    top = _ROOM_FOR_LEGEND * highest
    last = max(len(curve), 2)

    def place(epoch: float, loss: float) -> Point:
        return (epoch - 1) / (last - 1), loss / (top or 1.0)

    marks = [_vertical(place(kept, 0)[0])]
    for index, (name, (label, colour)) in enumerate(SERIES.items()):
        points = [place(line["epoch"], line[name]) for line in curve if name in line]
        if points:
            marks += [_path(points, colour), _legend(index, label, colour)]
    return _chart(marks, ("1", str(last)), ("0", f"{top:.3g}"), "loss by epoch")


def draw_reliability(bins: Sequence[ReliabilityBin]) -> str:
    """Draw observed over claimed probability with the diagonal of perfect calibration."""
    points = [(entry.claimed, entry.observed) for entry in bins]
    dots = [f"<circle cx='{_x(x):.1f}' cy='{_y(y):.1f}' r='3' fill='#2f6fb0'/>" for x, y in points]
    diagonal = _path([(0.0, 0.0), (1.0, 1.0)], "#999")
    return _chart(
        [diagonal, _path(points, "#2f6fb0"), *dots], ("0", "1"), ("0", "1"), "reliability"
    )


def draw_confusion(confusion: ConfusionMatrix) -> str:
    """Draw the confusion matrix, shaded by the share of the true class."""
    size = len(confusion.classes)
    cell = (HEIGHT - 20) / size
    marks = []
    for row, counts in enumerate(confusion.counts):
        total = sum(counts) or 1
        for column, count in enumerate(counts):
            x, y = LEFT + 30 + column * cell, 18 + row * cell
            marks.append(_confusion_cell((x, y), cell, count, count / total))
    if size <= _MOST_LABELLED:
        marks += _confusion_labels(confusion.classes, cell)
    return _frame("".join(marks), "confusion matrix: rows are true, columns decided classes")


def _confusion_cell(corner: Point, cell: float, count: int, share: float) -> str:
    x, y = corner
    colour = "#fff" if share > 0.5 else "#222"  # noqa: PLR2004 - readable on both halves of the shades
    text = (
        f"<text x='{x + cell / 2:.1f}' y='{y + cell / 2 + 4:.1f}' text-anchor='middle' "
        f"font-size='11' fill='{colour}'>{count}</text>"
    )
    return (
        f"<rect x='{x:.1f}' y='{y:.1f}' width='{cell:.1f}' height='{cell:.1f}' fill='#2f6fb0' "
        f"fill-opacity='{share:.3f}' stroke='#ccc'><title>{count} rows, {share:.1%}</title></rect>"
        f"{text if cell > 18 else ''}"  # noqa: PLR2004 - smaller cells hold no figure
    )


def _confusion_labels(classes: Sequence[str], cell: float) -> list[str]:
    labels = []
    for index, name in enumerate(classes):
        middle = (index + 0.5) * cell
        labels.append(_text(LEFT + 30 + middle, 12, name, "middle"))
        labels.append(_text(LEFT + 26, 18 + middle + 4, name, "end"))
    return labels


def _chart(marks: Sequence[str], x: tuple[str, str], y: tuple[str, str], label: str) -> str:
    axes = (
        f"<path d='M{LEFT},4 V{HEIGHT - BOTTOM} H{WIDTH}' fill='none' stroke='#999'/>"
        + _text(LEFT, HEIGHT - 6, x[0], "middle")
        + _text(WIDTH - 8, HEIGHT - 6, x[1], "middle")
        + _text(LEFT - 4, HEIGHT - BOTTOM, y[0], "end")
        + _text(LEFT - 4, 12, y[1], "end")
    )
    return _frame(axes + "".join(marks), label)


def _path(points: Sequence[Point], colour: str) -> str:
    if not points:
        return ""
    steps = " L".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return f"<path d='M{steps}' fill='none' stroke='{colour}' stroke-width='1.5'/>"


def _vertical(x: float) -> str:
    at = f"{_x(x):.1f}"
    return f"<path d='M{at},4 V{HEIGHT - BOTTOM}' stroke='#bbb' stroke-dasharray='3 3'/>"


def _legend(index: int, label: str, colour: str) -> str:
    y = 14 + 13 * index
    return f"<rect x='{WIDTH - 150}' y='{y - 7}' width='9' height='3' fill='{colour}'/>" + _text(
        WIDTH - 137, y - 2, label, "start"
    )


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return (
        f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' font-size='10' fill='#444'>"
        f"{escape(text[:_LONGEST_LABEL])}</text>"
    )


def _x(share: float) -> float:
    return LEFT + share * (WIDTH - LEFT - 8)


def _y(share: float) -> float:
    return 4 + (1 - share) * (HEIGHT - BOTTOM - 4)


def _frame(marks: str, label: str) -> str:
    title = f"<title>{escape(label)}</title>"
    return f"<svg viewBox='0 0 {WIDTH:g} {HEIGHT:g}' role='img'>{title}{marks}</svg>"
