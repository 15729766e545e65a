"""Progress for people: numbered steps with their time, and the closing table and figures."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from support.bars import Bar


@dataclass
class Story:
    """What the demo tells while it runs.

    Attributes:
        console: where to.
        began: when it began, seconds since 1970.
        rows: of the closing table.
        bars: figures with their goals.
        must_retrain: figures of retraining are owed.
    """

    console: Console = field(default_factory=lambda: Console(highlight=False))
    began: float = field(default_factory=time.time)
    rows: list[tuple[str, str]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)
    must_retrain: bool = True

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Tell that a step begins and, when it is done, how long it took."""
        self.console.print(f"[bold cyan]>[/] {title}")
        start = time.monotonic()
        yield
        self.console.print(f"  [green]done[/] in {time.monotonic() - start:.0f} s")

    def say(self, text: str) -> None:
        """Tell one line below the current step."""
        self.console.print(f"  [dim]{escape(text)}[/]")

    def fact(self, name: str, value: object) -> None:
        """Keep a row for the closing table."""
        self.rows.append((name, str(value)))

    def bar(self, bar: Bar) -> None:
        """Keep a figure with its goal for the end."""
        self.bars.append(bar)

    def bar_of_retraining(self, bar: Bar, *, happened: bool) -> None:
        """Keep a figure of something that follows from a retrain.

        Where it did not happen the figure is short, or not owed, and a row of the table says so.
        """
        if happened or self.must_retrain:
            self.bar(bar)
        else:
            self.fact(bar.name, f"not owed: {bar.why}")

    def close(self, next_commands: list[str]) -> bool:
        """Print the table, the figures and the next commands; return whether all goals are met."""
        table = Table(title="What happened", show_header=False)
        for row in self.rows:
            table.add_row(*(escape(cell) for cell in row))
        self.console.print(table)
        for bar in self.bars:
            self.console.print(str(bar), markup=False)
        self.console.print("\n[bold]Next[/]")
        for command in next_commands:
            self.console.print(f"  {command}", markup=False)
        return all(bar.met for bar in self.bars)
