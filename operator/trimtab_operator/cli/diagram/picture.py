"""What a diagram shows, without any coordinate."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """State of a box or of a line in it. Shown by icon and word, never by colour alone."""

    GOOD = "good"
    ACTIVE = "active"
    WAITING = "waiting"
    ATTENTION = "attention"
    BAD = "bad"
    PAUSED = "paused"
    DECLARED = "declared"
    """Only the manifest is known."""


class Place(StrEnum):
    """A station of the loop, in the order of the flow."""

    SOURCE = "source"
    INGEST = "ingest"
    SNAPSHOT = "snapshot"
    TRIGGER = "trigger"
    RUN = "run"
    GATES = "gates"
    VERSION = "version"
    SERVING = "serving"
    EVIDENCE = "evidence"


@dataclass(frozen=True, slots=True)
class Fact:
    """A labelled value."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Item:
    """A line with a state of its own: a stage, a gate.

    Attributes:
        detail: second, smaller line; the whole text is in the tooltip.
        progress: 0..1 draws a bar.
        lines: of the detail that are shown at most.
    """

    state: State
    name: str
    value: str = ""
    detail: str = ""
    progress: float | None = None
    lines: int = 3

    @property
    def told(self) -> str:
        """All of it, for a tooltip."""
        return f"{self.name} {self.value}".rstrip() + f": {self.detail}"


@dataclass(frozen=True, slots=True)
class Box:
    """One station.

    Attributes:
        kind: what it is: "snapshot", "gates".
        word: the state in a word or a condition's reason.
        href: report of this station; empty without one.
        message: tooltip: the condition's message.
        sequence: the items follow each other; they are joined by a line.
    """

    kind: str
    title: str
    state: State
    word: str
    facts: tuple[Fact, ...] = ()
    items: tuple[Item, ...] = ()
    href: str = ""
    message: str = ""
    sequence: bool = False


class Flow(StrEnum):
    """What an arrow carries."""

    FORWARD = "forward"
    FEEDBACK = "feedback"


@dataclass(frozen=True, slots=True)
class Arrow:
    """A connection of two stations.

    Attributes:
        moving: something passes along it now.
    """

    source: Place
    target: Place
    flow: Flow = Flow.FORWARD
    label: str = ""
    moving: bool = False


@dataclass(frozen=True, slots=True)
class Loop:
    """One Pipeline with its data and what serves it."""

    title: str
    sentence: str
    boxes: dict[Place, Box]
    arrows: tuple[Arrow, ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The whole diagram."""

    title: str
    subtitle: str
    loops: tuple[Loop, ...]
