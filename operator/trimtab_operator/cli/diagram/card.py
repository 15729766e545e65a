"""Measures of a box, pixels. One place, so that layout and drawing agree."""

from trimtab_operator.cli.diagram.picture import Box, Item
from trimtab_operator.cli.diagram.text_width import wrapped

PADDING = 16.0
HEADING = 46.0
"""Kind and title."""
PILL = 24.0
SPACE = 12.0
FACT = 21.0
ITEM = 24.0
DETAIL = 14.0
BAR = 10.0

ICON_ROOM = 24.0
KIND_SIZE = 10.5
TITLE_SIZE = 15.0
PILL_SIZE = 11.0
FACT_SIZE = 12.0
ITEM_SIZE = 12.5
DETAIL_SIZE = 10.5


def detail_lines(item: Item, width: float) -> list[str]:
    """Return the lines of an item's detail in a card whose inside is so wide."""
    return wrapped(item.detail, DETAIL_SIZE, width - ICON_ROOM, item.lines)


def item_height(item: Item, width: float) -> float:
    """Return the height of a stage or gate with its detail and bar."""
    details = len(detail_lines(item, width))
    detail = DETAIL * details + (4.0 if details else 0.0)
    return ITEM + detail + (BAR if item.progress is not None else 0.0)


def card_height(box: Box, width: float) -> float:
    """Return the height that a box of this width needs."""
    inner = width - 2 * PADDING
    lines = FACT * len(box.facts) + sum(item_height(item, inner) for item in box.items)
    between = SPACE * (bool(box.facts) + bool(box.items))
    return 2 * PADDING + HEADING + PILL + between + lines
