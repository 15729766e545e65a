"""Measured figures against their goals, a line each: `bar NAME VALUE GOAL ok|short`."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its goal.

    Attributes:
        name: what was measured, with its unit.
        value: the figure.
        goal: the largest value that is good enough, or the smallest.
        at_least: the goal is the smallest.
    """

    name: str
    value: float
    goal: float
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the goal is reached; never by a figure that is not a number."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        return f"bar {self.name} {self.value:.4g} {self.goal:g} {'ok' if self.met else 'short'}"


def show(bars: Iterable[Bar]) -> int:
    """Print a line for each bar as it comes; return 1 when one is missed."""
    missed = False
    for bar in bars:
        say(str(bar))
        missed |= not bar.met
    return int(missed)


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
