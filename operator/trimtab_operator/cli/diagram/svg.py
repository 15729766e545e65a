"""Draws a page as one SVG document without any outside resource."""

from trimtab_operator.cli.diagram.card import DETAIL_SIZE
from trimtab_operator.cli.diagram.layout import (
    LANE_PADDING,
    MARGIN,
    PAGE_FOOTER,
    Lane,
    Page,
    Point,
    Rect,
    Route,
)
from trimtab_operator.cli.diagram.picture import Flow, State
from trimtab_operator.cli.diagram.svg_card import draw_card, frame, icon, text
from trimtab_operator.cli.diagram.text_width import fitted, width_of
from trimtab_operator.cli.diagram.theme import STATE_ICONS, STATE_WORDS, STYLE, state_styles
from trimtab_operator.cli.diagram.xml_text import attribute, content

NAMESPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" version="1.1"'
)
CORNER = 14.0
HEAD = 8.0
LEGEND_STEP = 128.0


def draw(page: Page) -> str:
    """Return the SVG document."""
    picture = page.picture
    extent = f'width="{page.width:g}" height="{page.height:g}"'
    size = f'viewBox="0 0 {page.width:g} {page.height:g}" {extent}'
    described = " ".join(f"{lane.loop.title}: {lane.loop.sentence}" for lane in page.lanes)
    parts = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg {NAMESPACES} {size} role="img" aria-labelledby="title desc">',
        f'<title id="title">{content(picture.title)}</title>',
        f'<desc id="desc">{content(described)}</desc>',
        f"<style>{STYLE}{state_styles()}</style>",
        f'<rect class="page" {extent}/>',
        text((MARGIN, 46), picture.title, 25, "strong"),
        text((page.width - MARGIN, 46), picture.subtitle, 13, "soft figure", anchor="end"),
        *(_draw_lane(lane) for lane in page.lanes),
        _draw_legend(page),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _draw_lane(lane: Lane) -> str:
    rect, loop = lane.rect, lane.loop
    x = rect.x + LANE_PADDING
    title_width = width_of(loop.title, 18)
    room = rect.width - 2 * LANE_PADDING - title_width - 16
    sentence = fitted(loop.sentence, 13, room)
    parts = [
        f'<rect class="lane" {frame(rect)} rx="18"/>',
        text((x, rect.y + 40), loop.title, 18, "strong"),
        text((x + title_width + 16, rect.y + 40), sentence, 13, "soft"),
        *(_draw_line(route) for route in lane.routes),
        *(draw_card(place, box) for place, box in lane.boxes),
        *(_draw_head(route) for route in lane.routes),
        *(_draw_label(route) for route in lane.routes if route.label and route.arrow.label),
    ]
    return "\n".join(parts)


def _classes(route: Route) -> str:
    moving = " moving" if route.arrow.moving else ""
    return f"{route.arrow.flow.value}{moving}"


def _draw_line(route: Route) -> str:
    points = [*route.points[:-1], _shortened(route.points[-2], route.points[-1])]
    return f'<path class="line {_classes(route)}" d="{rounded_path(points)}"/>'


def _shortened(before: Point, end: Point) -> Point:
    """Return the end moved back, so that the line does not show through the arrow's tip."""
    dx, dy = _direction(before, end)
    return end[0] - dx * HEAD, end[1] - dy * HEAD


def _direction(start: Point, end: Point) -> Point:
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = max((dx * dx + dy * dy) ** 0.5, 1e-9)
    return dx / length, dy / length


def rounded_path(points: list[Point]) -> str:
    """Return path data of a line through the points with round corners."""
    words = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for before, corner, after in zip(points, points[1:], points[2:], strict=False):
        into, out = _direction(before, corner), _direction(corner, after)
        enter = (corner[0] - into[0] * CORNER, corner[1] - into[1] * CORNER)
        leave = (corner[0] + out[0] * CORNER, corner[1] + out[1] * CORNER)
        words.append(f"L{enter[0]:g} {enter[1]:g}")
        words.append(f"Q{corner[0]:g} {corner[1]:g} {leave[0]:g} {leave[1]:g}")
    words.append(f"L{points[-1][0]:g} {points[-1][1]:g}")
    return "".join(words)


def _draw_head(route: Route) -> str:
    (x, y), (dx, dy) = route.points[-1], _direction(route.points[-2], route.points[-1])
    back = (x - dx * HEAD * 1.25, y - dy * HEAD * 1.25)
    side = HEAD * 0.72
    corners = (
        (x, y),
        (back[0] - dy * side, back[1] + dx * side),
        (back[0] + dy * side, back[1] - dx * side),
    )
    points = " ".join(f"{px:g},{py:g}" for px, py in corners)
    return f'<polygon class="head {_classes(route)}" points={attribute(points)}/>'


def _draw_label(route: Route) -> str:
    if route.label is None:
        return ""
    x, y = route.label
    size = DETAIL_SIZE + 1
    width = width_of(route.arrow.label, size) + 16
    ground = f'<rect class="label" {frame(Rect(x - width / 2, y - 11, width, 22))} rx="11"/>'
    return ground + text((x, y + 4), route.arrow.label, size, "label-text", anchor="middle")


def _draw_legend(page: Page) -> str:
    y = page.height - PAGE_FOOTER / 2
    parts = []
    x = MARGIN
    for state in State:
        parts.append(icon((x, y - 11), STATE_ICONS[state], f"s-{state.value}"))
        parts.append(text((x + 20, y), STATE_WORDS[state], 12, "soft"))
        x += LEGEND_STEP
    for flow, words in ((Flow.FORWARD, "flow"), (Flow.FEEDBACK, "feedback")):
        line = f'd="M{x:g} {y - 4:g}h30"'
        parts.append(f'<path class="line {flow.value}" {line}/>')
        parts.append(text((x + 40, y), words, 12, "soft"))
        x += LEGEND_STEP - 20
    return "\n".join(parts)
