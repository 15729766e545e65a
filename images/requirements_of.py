#!/usr/bin/env python3
"""Prints what one extra of a pyproject.toml needs, a requirement a line, sorted."""

import sys
import tomllib
from pathlib import Path


def requirements_of(pyproject: str, extra: str) -> list[str]:
    """Return the project's own requirements and those of the extra."""
    project = tomllib.loads(pyproject)["project"]
    return sorted([*project["dependencies"], *project["optional-dependencies"][extra]])


if __name__ == "__main__":
    lines = requirements_of(Path(sys.argv[1]).read_text(encoding="utf-8"), sys.argv[2])
    sys.stdout.write("\n".join(lines) + "\n")
