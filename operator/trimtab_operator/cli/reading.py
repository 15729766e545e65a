"""Objects to show: from manifests, from kubectl's JSON, or from the cluster."""

import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.text import Text

from trimtab_operator.cli.checks import read_valid
from trimtab_operator.cli.diagram.scene import parse_objects
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.strictness import TrimtabObject
from trimtab_operator.cli.terminal import WARN, remarks


def read_objects(
    filename: list[Path] | None, objects: Path | None, namespace: str | None
) -> tuple[TrimtabObject, ...]:
    """Return the objects of manifests, else of a file of kubectl, else of the cluster.

    Args:
        filename: manifests; their objects have no status.
        objects: JSON of kubectl; `-` is standard input.
        namespace: namespace of the cluster; none means the current context's.

    Raises:
        Refusal: they cannot be read.
    """
    if filename:
        return tuple(read_valid(filename).objects())
    bodies = _read_json(objects) if objects else _read_cluster(namespace)
    return tuple(item for body in opened(bodies) for item in _parse(body))


def opened(bodies: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield single objects; a List gives its items."""
    for body in bodies:
        if "items" in body:
            yield from opened(body["items"])
        else:
            yield body


def _parse(body: dict[str, Any]) -> tuple[TrimtabObject, ...]:
    """Return the object; one that another version of the CRDs wrote is said and left out."""
    try:
        return parse_objects([body])
    except ValidationError as error:
        first = error.errors()[0]
        title = f"{body.get('kind')}/{body.get('metadata', {}).get('name')}"
        field = ".".join(str(part) for part in first["loc"])
        words = f"{WARN} {title} is left out: `{field}`: {first['msg']}; is this trimtab as new as"
        remarks().print(Text(f"{words} the cluster's CRDs?", "yellow"))
        return ()


def _read_json(path: Path) -> list[dict[str, Any]]:
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
        parsed = json.loads(text)
    except (OSError, ValueError) as error:
        raise Refusal("UnreadableFile", f"{path} is no JSON of kubectl: {error}") from error
    return [parsed] if isinstance(parsed, dict) else []


def _read_cluster(namespace: str | None) -> list[dict[str, Any]]:
    from trimtab_operator.cli import live  # noqa: PLC0415 - kubernetes costs other commands 1 s

    return live.read_live(os.environ, namespace)
