"""Tells whether a live object already is what a manifest asks for, so that nothing is sent."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from trimtab_stages.contract.base import digest_of

APPLIED = "trimtab.dev/applied"
"""Annotation with the digest of the manifest that was applied last."""

QUANTITY = re.compile(r"^([0-9]+(?:\.[0-9]+)?)(m|k|M|G|T|Ki|Mi|Gi|Ti)?$")
SUFFIXES: dict[str | None, Decimal] = {
    None: Decimal(1),
    "m": Decimal("0.001"),
    "k": Decimal(10**3),
    "M": Decimal(10**6),
    "G": Decimal(10**9),
    "T": Decimal(10**12),
    "Ki": Decimal(2**10),
    "Mi": Decimal(2**20),
    "Gi": Decimal(2**30),
    "Ti": Decimal(2**40),
}


def stamped(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the manifest with the annotation that holds its own digest."""
    metadata = manifest["metadata"]
    annotations = metadata.get("annotations", {}) | {APPLIED: digest_of(dict(manifest))}
    return {**manifest, "metadata": {**metadata, "annotations": annotations}}


def contains(live: Any, wanted: Any) -> bool:  # noqa: ANN401 - any JSON value
    """True when everything in `wanted` is in `live`, which may hold more (defaults, other owners).

    Of a stamped manifest, the digest finds fields that it no longer has, and the comparison finds
    what others have changed since.

    List items are paired by `name` where all have one, else by position. Quantities are equal when
    their numbers are: the API server writes 1024Mi as 1Gi.
    """
    match wanted:
        case dict():
            return isinstance(live, dict) and all(
                key in live and contains(live[key], value) for key, value in wanted.items()
            )
        case list():
            return isinstance(live, list) and _contains_items(live, wanted)
        case _:
            return bool(live == wanted) or _same_quantity(live, wanted)


def controller_uid(body: Mapping[str, Any]) -> str | None:
    """Return the uid of the object that controls this one, or None."""
    owners = body["metadata"].get("ownerReferences", [])
    return next((owner["uid"] for owner in owners if owner.get("controller")), None)


def _contains_items(live: Sequence[Any], wanted: Sequence[Any]) -> bool:
    if wanted and all(isinstance(item, dict) and "name" in item for item in wanted):
        by_name = {item.get("name"): item for item in live if isinstance(item, dict)}
        return all(contains(by_name.get(item["name"]), item) for item in wanted)
    return len(live) == len(wanted) and all(map(contains, live, wanted))


def _same_quantity(live: object, wanted: object) -> bool:
    if not isinstance(live, str | int) or not isinstance(wanted, str | int):
        return False
    left, right = QUANTITY.match(str(live)), QUANTITY.match(str(wanted))
    return left is not None and right is not None and _number(left) == _number(right)


def _number(quantity: re.Match[str]) -> Decimal:
    return Decimal(quantity[1]) * SUFFIXES[quantity[2]]
