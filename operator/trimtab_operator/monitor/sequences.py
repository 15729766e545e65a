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


def count_missing(taken: Iterable[str], present: Iterable[str]) -> int:
    """Return how many objects are missing between those that were taken.

    A process writes in order, so what lies between two of its objects was written before the
    second one: if it is not there it was lost. Nothing can be said beyond the first and last.

    Args:
        taken: keys of one kind.
        present: all keys of that kind that are there; may hold more processes.
    """
    bounds: dict[str, tuple[int, int]] = {}
    for writer in map(writer_of, taken):
        low, high = bounds.get(writer.process, (writer.sequence, writer.sequence))
        bounds[writer.process] = min(low, writer.sequence), max(high, writer.sequence)
    between: dict[str, set[int]] = defaultdict(set)
    for writer in map(writer_of, present):
        low, high = bounds.get(writer.process, (0, -1))
        if low <= writer.sequence <= high:
            between[writer.process].add(writer.sequence)
    return sum(high - low + 1 - len(between[who]) for who, (low, high) in bounds.items())
