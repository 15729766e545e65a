"""Where commands write: results to standard output, everything else to standard error."""

import json
from enum import StrEnum
from typing import Any

from rich.console import Console
from rich.text import Text

from trimtab_operator.cli.exits import Refusal

OK, BAD, WARN = "✓", "✗", "!"
PIPE_WIDTH = 400
"""Columns of a table that no person's terminal limits."""


class OutputFormat(StrEnum):
    """How a result is printed."""

    TEXT = "text"
    JSON = "json"


def results() -> Console:
    """Return the console for results; lines and tables are not folded when they go into a pipe."""
    return _console(stderr=False)


def remarks() -> Console:
    """Return the console for progress and faults."""
    return _console(stderr=True)


def _console(*, stderr: bool) -> Console:
    console = Console(stderr=stderr, highlight=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, soft_wrap=True, width=PIPE_WIDTH)


def show_json(value: Any) -> None:  # noqa: ANN401 - any JSON value
    """Write a JSON document to standard output."""
    results().file.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def show_refusal(refusal: Refusal) -> None:
    """Say why a command cannot go on."""
    remarks().print(Text.assemble((f"{BAD} {refusal.reason}", "bold red"), ": ", refusal.message))
