"""Which rollouts are compared when there are more than memory has room for. Pure."""

from collections.abc import Iterable, Mapping
from typing import TypeVar

MOST_HELD = 4_000_000
"""Rows and labels of all rollouts together; each takes about 40 bytes."""

Place = TypeVar("Place")


def with_room(
    oldest_first: Iterable[Place], held: Mapping[Place, int], most: int = MOST_HELD
) -> list[Place]:
    """Return the rollouts that fit; the others wait until older ones have ended.

    Args:
        oldest_first: rollouts by the instant at which they began.
        held: rows and labels that each one held when it was looked at last; 0 before.
        most: so many fit together.
    """
    chosen: list[Place] = []
    room = most
    for place in oldest_first:
        if held.get(place, 0) <= room:
            chosen.append(place)
            room -= held.get(place, 0)
    return chosen
