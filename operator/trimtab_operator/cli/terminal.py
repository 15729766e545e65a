"""Where commands write: results to standard output, everything else to standard error."""

import json
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.text import Text

from trimtab_operator.cli.exits import Refusal

OK, BAD, WARN = "✓", "✗", "!"


class OutputFormat(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


def results() -> Console:
    """Return the console for results; long lines are not folded when they go into a pipe."""
    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, soft_wrap=True)


def remarks() -> Console:
    """Return the console for progress and faults."""
    console = Console(stderr=True, highlight=False)
    return console if console.is_terminal else Console(stderr=True, highlight=False, soft_wrap=True)


def show_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON document to standard output."""
    results().file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def show_refusal(refusal: Refusal) -> None:
    """Say why a command cannot go on."""
    remarks().print(Text.assemble((f"{BAD} {refusal.reason}", "bold red"), ": ", refusal.message))
