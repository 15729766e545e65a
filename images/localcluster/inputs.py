"""What an image is made from: the files that its Dockerfile copies, and one hash over all."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from localcluster.progress import LaunchError

_IGNORED = frozenset({"__pycache__", ".git", ".venv", ".mypy_cache", ".ruff_cache"})


def copied_sources(dockerfile: str) -> list[str]:
    """Return the paths and patterns that a Dockerfile takes from its context."""
    joined = re.sub(r"\\\s*\n", " ", dockerfile)
    sources: list[str] = []
    for line in joined.splitlines():
        word, _, rest = line.strip().partition(" ")
        if word.upper() in {"COPY", "ADD"}:
            sources.extend(_sources(rest.strip()))
    return sources


def declares(dockerfile: str, argument: str) -> bool:
    """Say whether a Dockerfile declares a build argument."""
    return (
        re.search(rf"^\s*ARG\s+{argument}\b", dockerfile, re.MULTILINE | re.IGNORECASE) is not None
    )


def digest(dockerfile: str, context: Path, arguments: Mapping[str, str]) -> str:
    """Return the hash of everything that decides what the image holds."""
    result = hashlib.sha256(dockerfile.encode())
    result.update(json.dumps(dict(arguments), sort_keys=True).encode())
    for path in _files(context, copied_sources(dockerfile)):
        executable = path.stat().st_mode & 0o111 != 0
        result.update(f"\0{path.relative_to(context)}\0{executable}\0".encode())
        result.update(path.read_bytes())
    return result.hexdigest()[:16]


def _sources(operands: str) -> list[str]:
    words = operands.split()
    options = [word for word in words if word.startswith("--")]
    # What comes from another stage is decided by that stage's own instructions.
    if any(option.startswith("--from=") for option in options):
        return []
    rest = operands.split(None, len(options))[-1] if options else operands
    paths = json.loads(rest) if rest.startswith("[") else rest.split()
    return [str(path) for path in paths[:-1] if "://" not in path]


def _files(context: Path, patterns: list[str]) -> list[Path]:
    found: set[Path] = set()
    for pattern in patterns:
        matches = [context] if pattern in {".", "./"} else list(context.glob(pattern.strip("/")))
        if not matches:
            raise LaunchError(f"The Dockerfile copies {pattern}, which is not in {context}.")
        for match in matches:
            found.update(_walk(match))
    return sorted(found)


def _walk(path: Path) -> Iterator[Path]:
    if path.is_file():
        yield path
    elif path.is_dir() and path.name not in _IGNORED:
        for child in path.iterdir():
            yield from _walk(child)
