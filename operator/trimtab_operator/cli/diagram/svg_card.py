"""Draws one box."""

from collections.abc import Iterator
from dataclasses import replace

from trimtab_operator.cli.diagram import card
from trimtab_operator.cli.diagram.layout import Point, Rect
from trimtab_operator.cli.diagram.picture import Box, Fact, Item
from trimtab_operator.cli.diagram.text_width import fitted, width_of
from trimtab_operator.cli.diagram.theme import KIND_ICONS, STATE_ICONS, STATE_WORDS
from trimtab_operator.cli.diagram.xml_text import attribute, content

RADIUS = 12
PILL_EXTRA = 38.0
"""Icon and room at both ends."""
MAX_SPACING = 60.0
BETWEEN = 6.0
"""Between an item's name and its value: `HoldRetraining` leaves room for a date."""
TITLE_TAIL = 7
"""Runs of one Pipeline differ in the end of their names."""


def text(at: Point, words: str, size: float, classes: str = "", anchor: str = "start") -> str:
    """Return a text element; `at` is on its base line."""
    named = f' class="{classes}"' if classes else ""
    anchored = f' text-anchor="{anchor}"' if anchor != "start" else ""
    x, y = at
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{size:g}"{named}{anchored}>{content(words)}</text>'
    )


def icon(at: Point, path: str, classes: str) -> str:
    """Return an icon with its upper left corner at a point."""
    return f'<path class="{classes}" transform="translate({at[0]:g} {at[1]:g})" d="{path}"/>'


def frame(rect: Rect) -> str:
    """Return the attributes of a rectangle."""
    return f'x="{rect.x:g}" y="{rect.y:g}" width="{rect.width:g}" height="{rect.height:g}"'


def draw_card(rect: Rect, box: Box) -> str:
    """Return the group of a box; a link where it has a report."""
    ground = f'<rect class="card r-{box.state.value}" {frame(rect)} rx="{RADIUS}"/>'
    tip = f"{box.kind} {box.title}: {box.word}. {box.message}".strip()
    body = "\n".join((f"<title>{content(tip)}</title>", ground, *_content(rect, box)))
    if not box.href:
        return f"<g>{body}</g>"
    address = attribute(box.href)
    return f'<a xlink:href={address} href={address} target="_top">{body}</a>'


def _content(rect: Rect, box: Box) -> Iterator[str]:
    inner = Rect(
        rect.x + card.PADDING, rect.y + card.PADDING, rect.width - 2 * card.PADDING, rect.height
    )
    yield from _heading(inner, box)
    yield from _pill(inner, box)
    y = inner.y + card.HEADING + card.PILL
    if box.facts:
        y += card.SPACE
        for fact in box.facts:
            yield from _fact(inner, y, fact)
            y += card.FACT
    if box.items:
        yield from _items(
            inner, y + card.SPACE, box, rect.height - card.card_height(box, rect.width)
        )


def _items(inner: Rect, y: float, box: Box, spare: float) -> Iterator[str]:
    """Draw the items, spread over the spare height of their card."""
    spacing = min(spare / len(box.items), MAX_SPACING)
    for number, item in enumerate(box.items):
        height = card.item_height(item, inner.width) + spacing
        if box.sequence and number + 1 < len(box.items):
            x = inner.x + 7
            yield f'<path class="rule" d="M{x:g} {y + 22:g}V{y + height:g}"/>'
        yield from _item(inner, y, item)
        y += height


def _heading(inner: Rect, box: Box) -> Iterator[str]:
    yield icon((inner.right - 16, inner.y - 1), KIND_ICONS.get(box.kind, ""), "icon")
    yield text((inner.x, inner.y + 9), box.kind, card.KIND_SIZE, "kind")
    title = fitted(box.title, card.TITLE_SIZE, inner.width, TITLE_TAIL)
    yield text((inner.x, inner.y + 33), title, card.TITLE_SIZE, "strong")


def _pill(inner: Rect, box: Box) -> Iterator[str]:
    x, y = inner.x, inner.y + card.HEADING
    word = fitted(box.word, card.PILL_SIZE, inner.width - PILL_EXTRA)
    pill = frame(Rect(x, y, width_of(word, card.PILL_SIZE) + PILL_EXTRA, card.PILL))
    yield f'<rect class="p-{box.state.value}" {pill} rx="{card.PILL / 2:g}"/>'
    yield icon((x + 8, y + 5), STATE_ICONS[box.state], f"s-{box.state.value}")
    yield text((x + 27, y + 16), word, card.PILL_SIZE, f"strong t-{box.state.value}")


def _fact(inner: Rect, y: float, fact: Fact) -> Iterator[str]:
    base = y + card.FACT - 7
    room = inner.width - width_of(fact.label, card.FACT_SIZE) - 8
    yield text((inner.x, base), fact.label, card.FACT_SIZE, "soft")
    value = fitted(fact.value, card.FACT_SIZE, room)
    yield text((inner.right, base), value, card.FACT_SIZE, "figure", anchor="end")


def _item(inner: Rect, y: float, item: Item) -> Iterator[str]:
    state = item.state.value
    yield icon((inner.x, y + 4), STATE_ICONS[item.state], f"s-{state}")
    value = item.value or STATE_WORDS[item.state]
    room = inner.width - card.ICON_ROOM - width_of(value, card.FACT_SIZE) - BETWEEN
    name = fitted(item.name, card.ITEM_SIZE, room)
    yield text((inner.x + card.ICON_ROOM, y + 16), name, card.ITEM_SIZE, "strong")
    classes = f"figure t-{state}"
    yield text((inner.right, y + 16), value, card.FACT_SIZE, classes, anchor="end")
    y += card.ITEM
    if item.detail:
        yield f"<g><title>{content(item.told)}</title>"
        for line in card.detail_lines(item, inner.width):
            at = (inner.x + card.ICON_ROOM, y + 9)
            yield text(at, line, card.DETAIL_SIZE, "soft figure")
            y += card.DETAIL
        yield "</g>"
        y += 2
    if item.progress is not None:
        yield from _bar(Rect(inner.x + card.ICON_ROOM, y, inner.width - card.ICON_ROOM, 5), item)


def _bar(rect: Rect, item: Item) -> Iterator[str]:
    done = replace(rect, width=rect.width * (item.progress or 0.0))
    yield f'<rect class="track" {frame(rect)} rx="2.5"/>'
    yield f'<rect class="t-{item.state.value}" {frame(done)} rx="2.5"/>'
