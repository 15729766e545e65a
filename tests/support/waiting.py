"""Waits for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")
SHORTEST_PAUSE = 0.002
"""Seconds."""


class TimedOutError(AssertionError):
    """The awaited condition did not come true before the deadline."""


def wait_until(
    probe: Callable[[], Found | None], timeout: float, *, interval: float = 0.05, what: str = ""
) -> Found:
    """Call `probe` until it returns something true and return that.

    Args:
        probe: asked again and again; may raise AssertionError to explain what is missing.
        timeout: deadline, seconds.
        interval: longest pause between two asks, seconds; the first ones are shorter.
        what: the awaited condition, for the message.

    Raises:
        TimedOutError: the deadline passed; says what the last answer was.
    """
    deadline = time.monotonic() + timeout
    pause = min(SHORTEST_PAUSE, interval)
    while True:
        last: object
        try:
            found = probe()
            if found:
                return found
            last = found
        except AssertionError as error:
            last = error
        if time.monotonic() >= deadline:
            raise TimedOutError(f"{what or probe} not met within {timeout} s; last: {last!r}")
        time.sleep(pause)
        pause = min(2 * pause, interval)
