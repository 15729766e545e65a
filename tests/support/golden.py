"""Golden files: what a builder makes, as people review it.

`UPDATE_GOLDEN=1 pytest ...` rewrites them; the difference is then reviewed like any other.
"""

import os
from pathlib import Path


def check_golden(path: Path, text: str) -> None:
    """Compare a text with its golden file, or rewrite the file where that is asked for."""
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path.name} is not what is built"
