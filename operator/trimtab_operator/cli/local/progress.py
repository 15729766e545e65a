"""Shows what a child process is doing, from its log lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.text import Text

from trimtab_operator.cli.terminal import WARN
from trimtab_stages.contract.run import Progress as Report

WARNING_LEVELS = frozenset({"warning", "error", "critical"})
STEPS = 4
"""Lines that one stage leaves behind where the output is no terminal."""


class View(Protocol):
    """Takes the log lines of one child."""

    def __call__(self, line: dict[str, Any]) -> None:
        """Show one line."""
        ...


@contextmanager
def showing(console: Console, title: str) -> Iterator[View]:
    """Return a view for one child: bars in a terminal, a few plain lines elsewhere."""
    if not console.is_terminal:
        console.print(f"{title} ...")
        yield Lines(console)
        return
    columns = (
        SpinnerColumn(finished_text="✓"),
        TextColumn("{task.description}"),
        BarColumn(bar_width=28),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TextColumn("[dim]{task.fields[figures]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as progress:
        yield Bars(progress, title)


class Bars:
    """One bar a stage."""

    def __init__(self, progress: Progress, title: str) -> None:
        self._progress = progress
        progress.console.print(Text(title, "bold"))
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, line: dict[str, Any]) -> None:
        """Move the bar of the stage that the line is about; show warnings above the bars."""
        ended = read_stage(line)
        if ended is not None:
            self._move(ended[0], 1, 1, "cached" if ended[1] else "")
            return
        report = read_report(line)
        if report is None:
            _show_warning(self._progress.console, line)
            return
        self._move(report.stage, report.done, report.of, figures_of(report))

    def _move(self, stage: str, done: int, of: int, figures: str) -> None:
        task = self._tasks.get(stage)
        if task is None:
            task = self._tasks[stage] = self._progress.add_task(stage, total=of, figures="")
        self._progress.update(task, completed=done, total=of, figures=figures)


class Lines:
    """A few lines a stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[str, int] = ("", -1)

    def __call__(self, line: dict[str, Any]) -> None:
        """Print the line if the stage has come a good part further; print warnings at once."""
        ended = read_stage(line)
        if ended is not None and ended[1]:
            self._console.print(f"  {ended[0]} cached")
            return
        report = read_report(line)
        if report is None:
            _show_warning(self._console, line)
            return
        mark = (str(report.stage), STEPS * report.done // max(report.of, 1))
        if mark != self._shown:
            self._shown = mark
            words = f"  {report.stage} {report.done}/{report.of}  {figures_of(report)}"
            self._console.print(words.rstrip())


def read_stage(line: dict[str, Any]) -> tuple[str, bool] | None:
    """Return the stage that a log line says is done, and whether it was cached, or None."""
    if line.get("message") != "stage" or "cached" not in line:
        return None
    return str(line.get("stage")), bool(line["cached"])


def read_report(line: dict[str, Any]) -> Report | None:
    """Return the progress report in a log line, or None."""
    body = line.get("progress")
    if not isinstance(body, dict):
        return None
    try:
        return Report.model_validate(body)
    except ValidationError:
        return None


def figures_of(report: Report) -> str:
    """Return `loss 0.181, validation loss 0.204`."""
    return ", ".join(f"{name} {value:.4g}" for name, value in report.numbers.items())


def _show_warning(console: Console, line: dict[str, Any]) -> None:
    if line.get("level") in WARNING_LEVELS and "termination" not in line:
        console.print(Text(f"{WARN} {line.get('message', '')}", "yellow"))
