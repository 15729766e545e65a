"""Long lists of a box: the older lines share one, whose tooltip tells them all."""

from collections.abc import Sequence

from trimtab_operator.cli.diagram.picture import Item, State


def folded(items: Sequence[Item], most: int, state: State) -> tuple[Item, ...]:
    """Return at most so many lines.

    Args:
        items: newest first.
        most: lines that there is room for.
        state: of the line that stands for the rest.
    """
    if len(items) <= most:
        return tuple(items)
    shown, rest = items[: most - 1], items[most - 1 :]
    told = "\n".join(item.told for item in rest)
    return (*shown, Item(state, f"and {len(rest)} before", detail=told, lines=rest[0].lines))
