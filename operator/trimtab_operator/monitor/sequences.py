"""Sequence numbers of what server processes write: they show what was lost on the way."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Writer:
    """Who wrote an object, and as which one of its kind.

    Attributes:
        process: `<pod>-<start>`.
        sequence: counts up by one for every object of the kind.
    """

    process: str
    sequence: int


def writer_of(key: str) -> Writer:
    """Return the writer of a key that ends in `<pod>-<start>-<sequence>.<suffix>`.

    Raises:
        ValueError: the key has another form.
    """
    name = key.rpartition("/")[2].partition(".")[0]
    process, separator, number = name.rpartition("-")
    if not separator or not number.isdecimal():
        raise ValueError(f"{key} does not end in <pod>-<start>-<sequence>")
    return Writer(process, int(number))


def newest_of(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the key of each process's newest object."""
    newest: dict[str, tuple[int, str]] = {}
    for key in keys:
        writer = writer_of(key)
        found = (writer.sequence, key)
        newest[writer.process] = max(found, newest.get(writer.process, found))
    return tuple(key for _, key in newest.values())


def count_missing(taken: Iterable[str], present: Iterable[str], before: Iterable[str] = ()) -> int:
    """Return how many objects are missing in front of and between those that were taken.

    A process's objects become visible in order, so what lies between two of them was written before
    the second one: if it is not there it was lost. What is missing below the newest one that
    windows before have taken was counted in them, so that windows together count it once. Nothing
    can be said of what lies behind the newest one, nor in front of a process's first one: where
    there is no room, the newest are dropped.

    Args:
        taken: keys of one kind.
        present: all keys of that kind that are there; may hold more processes.
        before: keys that windows before have taken.
    """
    bounds = _bounds(taken)
    for process, (_, newest) in _bounds(before).items():
        if process in bounds:
            bounds[process] = newest + 1, bounds[process][1]
    between: dict[str, set[int]] = defaultdict(set)
    for writer in map(writer_of, present):
        low, high = bounds.get(writer.process, (0, -1))
        if low <= writer.sequence <= high:
            between[writer.process].add(writer.sequence)
    return sum(
        max(high - low + 1, 0) - len(between[process]) for process, (low, high) in bounds.items()
    )


def _bounds(keys: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Return the smallest and the largest number of each process."""
    bounds: dict[str, tuple[int, int]] = {}
    for writer in map(writer_of, keys):
        low, high = bounds.get(writer.process, (writer.sequence, writer.sequence))
        bounds[writer.process] = min(low, writer.sequence), max(high, writer.sequence)
    return bounds
