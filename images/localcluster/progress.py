"""What the launcher tells the person who started it: one line per thing that happens."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_WIDTH = 10


class LaunchError(Exception):
    """Something the launcher cannot go on from; the text says cause and next step."""


def say(topic: str, text: str, *, width: int = _WIDTH) -> None:
    """Write one line, at once, so that logs of CI show it while it happens."""
    sys.stdout.write(f"{topic:<{width}} {text}\n")
    sys.stdout.flush()


def warn(text: str) -> None:
    """Write one line to standard error: worth reading, but nothing stops."""
    sys.stderr.write(f"{'warning':<{_WIDTH}} {text}\n")
    sys.stderr.flush()


@contextmanager
def timed(topic: str, text: str) -> Iterator[None]:
    """Announce a step and say how long it took when it is done."""
    say(topic, f"{text} ...")
    start = time.monotonic()
    yield
    say(topic, f"{text}: done in {duration(time.monotonic() - start)}")


def duration(seconds: float) -> str:
    """Return seconds as people say them: ``8s``, ``3m20s``."""
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest:02d}s" if minutes else f"{rest}s"
