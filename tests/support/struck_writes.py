"""Which writes of a process end it: each one that it makes, before it is carried out and after.

A kill between two writes leaves what a kill before the second one leaves. So these are all kills
that can be told from each other.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from threading import Lock

from trimtab_stages.contract.base import digest_of_bytes


class Moment(StrEnum):
    """When a write ends its process."""

    BEFORE = "before"
    """It does not reach who would carry it out."""
    AFTER = "after"
    """It is carried out, and nobody hears of it."""


@dataclass(frozen=True, slots=True)
class Write:
    """One write, whoever tries it and how often.

    Attributes:
        place: what is written.
        digest: of the content.
    """

    place: str
    digest: str

    @classmethod
    def of(cls, place: str, content: bytes) -> "Write":
        """Return the write of some bytes."""
        return cls(place, digest_of_bytes(content))


Chosen = Callable[[Moment, int], bool]
"""Whether the write with this number, in order of the first attempts, is struck at a moment."""


def never(_: Moment, __: int) -> bool:
    """Strike nothing."""
    return False


def always(_: Moment, __: int) -> bool:
    """Strike each write at both moments."""
    return True


def only(moment: Moment, number: int) -> Chosen:
    """Strike one write at one moment."""
    return lambda when, which: (when, which) == (moment, number)


class Strikes:
    """Tells of each write whether it ends its process, once a moment. Safe to share by threads.

    Attributes:
        done: writes that were carried out, in their order.
        struck: how often a process was ended.
        kill: ends the process; None where whoever asks does so.

    Args:
        chosen: which ones do.
    """

    def __init__(self, chosen: Chosen) -> None:
        self.kill: Callable[[], None] | None = None
        self._chosen = chosen
        self._numbers: dict[Write, int] = {}
        self._past: set[tuple[Moment, Write]] = set()
        self._under_way = 0
        self._lock = Lock()
        self.done: list[Write] = []
        self.struck = 0

    @property
    def is_quiet(self) -> bool:
        """True while no write is under way."""
        with self._lock:
            return self._under_way == 0

    def begins(self, write: Write, /) -> bool:
        """Note a write that is tried; True where its process is gone and it must not be done."""
        with self._lock:
            self._numbers.setdefault(write, len(self._numbers))
            if self._strikes(Moment.BEFORE, write):
                return True
            self._under_way += 1
            return False

    def ends(self, write: Write, /, *, is_done: bool) -> bool:
        """Note how a write has ended; True where its process is gone and must not hear of it.

        Args:
            write: one that has begun.
            is_done: carried out, not refused.
        """
        with self._lock:
            self._under_way -= 1
            if not is_done:
                return False
            self.done.append(write)
            return self._strikes(Moment.AFTER, write)

    def _strikes(self, moment: Moment, write: Write) -> bool:
        if (moment, write) in self._past or not self._chosen(moment, self._numbers[write]):
            return False
        self._past.add((moment, write))
        self.struck += 1
        if self.kill is not None:
            self.kill()
        return True
