"""Measured figures against their goals, a line each: `bar NAME VALUE GOAL ok|short`.

A figure that could not be measured is a line too: `bar NAME nan GOAL short # WHY`.
"""

import math
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure with its goal.

    Attributes:
        name: what was measured, with its unit.
        value: the figure.
        goal: the largest value that is good enough, or the smallest.
        at_least: the goal is the smallest.
        why: why there is no figure; empty where there is one.
    """

    name: str
    value: float
    goal: float
    at_least: bool = False
    why: str = ""

    @classmethod
    def unmeasured(cls, name: str, goal: float, why: str, *, at_least: bool = False) -> Self:
        """Return the bar of a figure that there is not; it is short."""
        return cls(name, math.nan, goal, at_least, why)

    @property
    def is_measured(self) -> bool:
        """Whether there is a figure."""
        return not math.isnan(self.value)

    @property
    def met(self) -> bool:
        """Whether the goal is reached; never by a figure that is not a number."""
        return self.value >= self.goal if self.at_least else self.value <= self.goal

    def __str__(self) -> str:
        found = f"bar {self.name} {self.value:.4g} {self.goal:g} {'ok' if self.met else 'short'}"
        return f"{found} # {self.why}" if self.why else found


def bar_of_retrains(name: str, retrains: int, most: int) -> Bar:
    """Return how many retrains there were where some are needed: none is no saving."""
    if not retrains:
        return Bar.unmeasured(name, most, "nothing was retrained")
    return Bar(name, retrains, most)


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
