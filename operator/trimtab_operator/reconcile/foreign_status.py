"""Status fields that another field manager writes: the operator never compares nor applies them."""

from collections.abc import Iterable, Mapping
from typing import Any


def without(status: Mapping[str, Any], paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return a status in wire form without the fields at these paths.

    An object that holds nothing else goes with its last field: applied empty, it would be owned.

    Args:
        status: the status as it would be applied.
        paths: field names from the status downwards, for example `("rollout", "evidence")`.
    """
    kept = dict(status)
    for path in paths:
        kept = _without_one(kept, path)
    return kept


def _without_one(status: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    name, *below = path
    inner = status.get(name)
    if not below:
        return {key: value for key, value in status.items() if key != name}
    if not isinstance(inner, Mapping):
        return dict(status)
    remaining = _without_one(inner, tuple(below))
    return {
        key: remaining if key == name else value
        for key, value in status.items()
        if key != name or remaining
    }
