"""Other values for every field of a manifest, to see whether the field acts."""

import copy
import inspect
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any

from trimtab_operator.api import driftmonitor, pipeline, rollout
from trimtab_stages.contract import capture, features, gates, ingest, monitoring, recipe

Body = dict[str, Any]
Path = tuple[str | int, ...]

ENUMS = [
    item
    for module in (
        capture,
        features,
        gates,
        ingest,
        monitoring,
        recipe,
        pipeline,
        driftmonitor,
        rollout,
    )
    for _, item in inspect.getmembers(module, inspect.isclass)
    if issubclass(item, StrEnum) and item is not StrEnum
]


def fields(value: object, path: Path = ()) -> Iterator[Path]:
    """Yield the path of every value that is neither an object nor a list, and of every list."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from fields(item, (*path, key))
        return
    yield path
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from fields(item, (*path, index))


def value_at(body: Body, path: Path) -> Any:
    """Return the value of a field."""
    found: Any = body
    for part in path:
        found = found[part]
    return found


def mutants(body: Body, path: Path) -> Iterator[Body]:
    """Yield copies of an object in which one field has another value."""
    for other in _others(value_at(body, path)):
        changed = copy.deepcopy(body)
        value_at(changed, path[:-1])[path[-1]] = other
        yield changed


def _others(value: object) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int():
            yield from (value + 1, value - 1, value * 2, value // 2)
        case list():
            yield from (value[:index] + value[index + 1 :] for index in range(len(value)))
        case str():
            yield from _other_texts(value)
        case _:
            raise TypeError(f"an example has a value that no test changes: {value!r}")


def _other_texts(text: str) -> Iterator[str]:
    if members := {member for kind in ENUMS if text in set(kind) for member in kind}:
        yield from sorted(member for member in members if member != text)
    elif (number := _number(text)) is not None:
        others = (number / 2, number * 2, number + 1, number - 1, number + 20, number - 20)
        yield from (format(other, "f") for other in others if other != number)
    elif (instant := _instant(text)) is not None:
        yield from ((instant + timedelta(days=days)).isoformat() for days in (-30, 30))
    elif text.startswith("sha256:"):
        yield f"sha256:{'f' * 64}"
    else:
        yield f"{text}x"


def _number(text: str) -> Decimal | None:
    try:
        return Decimal(text)
    except InvalidOperation:
        return None


def _instant(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None
