"""Places boxes on a grid and leads arrows around them. Pixels, y grows downwards.

A loop is a ring, read clockwise: data on top from left to right, the run on the right over both
rows, gates, version, server and evidence below from right to left.
"""

from dataclasses import dataclass

from trimtab_operator.cli.diagram.card import HEADING, PADDING, card_height
from trimtab_operator.cli.diagram.picture import Arrow, Box, Flow, Loop, Picture, Place

MARGIN = 32.0
PAGE_HEADER = 84.0
PAGE_FOOTER = 56.0
LANE_PADDING = 28.0
LANE_HEADER = 66.0
LANE_GAP = 24.0
COLUMN = 226.0
GAP = 52.0
RUN_COLUMN = 262.0
GUTTER = 92.0
CHANNEL = 46.0
PORT = PADDING + HEADING / 2
"""Height at which the forward arrows enter and leave a box, from its top."""

TOP_ROW = (Place.SOURCE, Place.INGEST, Place.SNAPSHOT, Place.TRIGGER)
BOTTOM_ROW = (Place.EVIDENCE, Place.SERVING, Place.VERSION, Place.GATES)
LANE_WIDTH = 4 * (COLUMN + GAP) + RUN_COLUMN + 2 * LANE_PADDING
PAGE_WIDTH = LANE_WIDTH + 2 * MARGIN

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Lower edge."""
        return self.y + self.height

    @property
    def middle(self) -> float:
        """Horizontal middle."""
        return self.x + self.width / 2


@dataclass(frozen=True, slots=True)
class Route:
    """An arrow as a line with right angles, from its tail to its head."""

    arrow: Arrow
    points: tuple[Point, ...]
    label: Point | None = None
    """Middle of its label."""


@dataclass(frozen=True, slots=True)
class Lane:
    """A loop with coordinates."""

    loop: Loop
    rect: Rect
    boxes: tuple[tuple[Rect, Box], ...]
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """The whole drawing."""

    picture: Picture
    width: float
    height: float
    lanes: tuple[Lane, ...]


def lay_out(picture: Picture) -> Page:
    """Return the picture with coordinates."""
    top, lanes = PAGE_HEADER, []
    for loop in picture.loops:
        lane = _lay_out_loop(loop, top)
        lanes.append(lane)
        top = lane.rect.bottom + LANE_GAP
    return Page(picture, PAGE_WIDTH, top + PAGE_FOOTER - LANE_GAP / 2, tuple(lanes))


def _lay_out_loop(loop: Loop, top: float) -> Lane:
    rects = _place_boxes(loop, top + LANE_HEADER)
    channel = CHANNEL if {Place.VERSION, Place.RUN} <= rects.keys() else 0.0
    bottom = max(rect.bottom for rect in rects.values()) + channel + LANE_PADDING
    return Lane(
        loop,
        Rect(MARGIN, top, LANE_WIDTH, bottom - top),
        tuple((rect, loop.boxes[place]) for place, rect in rects.items()),
        tuple(_route(arrow, rects) for arrow in loop.arrows),
    )


def _place_boxes(loop: Loop, top: float) -> dict[Place, Rect]:
    rects = _row(loop, TOP_ROW, top)
    lower = max((rect.bottom + GUTTER for rect in rects.values()), default=top)
    rects |= _row(loop, BOTTOM_ROW, lower)
    if Place.RUN in loop.boxes:
        x = _column_x(len(TOP_ROW))
        bottom = max(rect.bottom for rect in rects.values())
        height = max(bottom - top, card_height(loop.boxes[Place.RUN], RUN_COLUMN))
        rects[Place.RUN] = Rect(x, top, RUN_COLUMN, height)
    return rects


def _row(loop: Loop, places: tuple[Place, ...], top: float) -> dict[Place, Rect]:
    """Return the boxes of one row, equally high; one with items takes what it needs."""
    heights = {
        place: card_height(loop.boxes[place], COLUMN) for place in places if place in loop.boxes
    }
    plain = [height for place, height in heights.items() if not loop.boxes[place].items]
    common = max(plain, default=0.0)
    return {
        place: Rect(_column_x(places.index(place)), top, COLUMN, max(height, common))
        for place, height in heights.items()
    }


def _column_x(column: int) -> float:
    return MARGIN + LANE_PADDING + column * (COLUMN + GAP)


def _route(arrow: Arrow, rects: dict[Place, Rect]) -> Route:
    source, target = rects[arrow.source], rects[arrow.target]
    if arrow.flow is Flow.FORWARD:
        return _straight(arrow, source, target)
    if arrow.source is Place.VERSION:
        return _below(arrow, source, target)
    if arrow.target is Place.SOURCE:
        return _upwards(arrow, source, target)
    return _through_the_gutter(arrow, source, target)


def _straight(arrow: Arrow, source: Rect, target: Rect) -> Route:
    """Lead along a row; in and out of the run, at the height of the row's own boxes."""
    lower = target if source.height > target.height and arrow.source is Place.RUN else source
    y = lower.y + PORT
    if source.x < target.x:
        return Route(arrow, ((source.right, y), (target.x, y)))
    return Route(arrow, ((source.x, y), (target.right, y)))


def _upwards(arrow: Arrow, source: Rect, target: Rect) -> Route:
    x = source.middle - COLUMN / 5
    y = (source.y + target.bottom) / 2
    return Route(arrow, ((x, source.y), (x, target.bottom)), (x, y))


def _through_the_gutter(arrow: Arrow, source: Rect, target: Rect) -> Route:
    start, end = source.middle + COLUMN * 0.36, target.middle
    y = (source.y + target.bottom) / 2
    points = ((start, source.y), (start, y), (end, y), (end, target.bottom))
    return Route(arrow, points, ((start + end) / 2, y))


def _below(arrow: Arrow, source: Rect, target: Rect) -> Route:
    y = max(source.bottom, target.bottom) + CHANNEL / 2 + 4
    start, end = source.middle, target.middle
    points = ((start, source.bottom), (start, y), (end, y), (end, target.bottom))
    return Route(arrow, points, ((start + end) / 2, y))
