"""Objects to show: from manifests, from kubectl's JSON, or from the cluster."""

import json
import os
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from trimtab_operator.cli.checks import validate
from trimtab_operator.cli.diagram.scene import parse_objects
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.strictness import TrimtabObject


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
        checks = validate(filename)
        if checks.errors:
            first = checks.errors[0]
            where = f"{first.file}:{first.line} {first.object} `{first.field}`: {first.message}"
            raise Refusal("InvalidSpec", f"{where}; see `trimtab validate`")
        return tuple(checks.objects())
    bodies = _read_json(objects) if objects else _read_cluster(namespace)
    try:
        return parse_objects(bodies)
    except ValidationError as error:
        raise Refusal(
            "InvalidSpec", f"an object is of another version of the CRDs: {error}"
        ) from error


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
