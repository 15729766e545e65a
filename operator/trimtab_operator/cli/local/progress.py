"""Shows what a child process is doing, from its log lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from trimtab_operator.cli.terminal import WARN
from trimtab_stages.contract.run import Progress as Report

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
        self._title = title
        self._tasks = {title: progress.add_task(title, total=1, figures="")}

    def __call__(self, line: dict[str, Any]) -> None:
        """Move the bar of the stage that the line is about; show warnings above the bars."""
        report = read_report(line)
        if report is None:
            _show_warning(self._progress.console, line)
            return
        task = self._tasks.get(report.stage)
        if task is None:
            self._finish()
            task = self._progress.add_task(f"{report.stage}", total=report.of, figures="")
            self._tasks[report.stage] = task
        self._progress.update(
            task, completed=report.done, total=report.of, figures=figures_of(report)
        )

    def _finish(self) -> None:
        for task in self._progress.tasks:
            self._progress.update(task.id, completed=task.total)


class Lines:
    """A few lines a stage."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._shown: tuple[str, int] = ("", -1)

    def __call__(self, line: dict[str, Any]) -> None:
        """Print the line if the stage has come a good part further; print warnings at once."""
        report = read_report(line)
        if report is None:
            _show_warning(self._console, line)
            return
        mark = (str(report.stage), STEPS * report.done // max(report.of, 1))
        if mark != self._shown:
            self._shown = mark
            words = f"  {report.stage} {report.done}/{report.of}  {figures_of(report)}"
            self._console.print(words.rstrip())


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
    if line.get("level") in {"warning", "error", "critical"}:
        console.print(Text(f"{WARN} {line.get('message', '')}", "yellow"))
