"""No file that people write is longer than can be read in one go."""

import subprocess
from pathlib import Path

from trimtab_operator.crd.render import render_all

ROOT = Path(__file__).parents[3]
MOST_LINES = 400
GENERATED = {*map(str, render_all()), "requirements.lock"}
NOT_WRITTEN = ("go.sum", ".gz", ".png")
"""Checksums that Go writes, data, pictures."""


def lines(path: str) -> int:
    return (ROOT / path).read_bytes().count(b"\n")


def test_no_written_file_is_over_400_lines() -> None:
    # The tree may belong to somebody else, as in a container.
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    tracked = [path for path in listed.split("\0") if (ROOT / path).is_file()]
    written = set(tracked) - GENERATED
    sizes = {path: lines(path) for path in written if not path.endswith(NOT_WRITTEN)}
    assert len(sizes) > 100
    assert {path: size for path, size in sizes.items() if size > MOST_LINES} == {}
