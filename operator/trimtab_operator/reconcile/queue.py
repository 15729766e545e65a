"""The work queue: an awaitable `Schedule`."""

import asyncio
import contextlib
from collections.abc import Callable

from trimtab_operator.reconcile.schedule import Key, Schedule


class WorkQueue:
    """Hands keys to workers as they become due.

    Args:
        schedule: decides which and when.
        clock: monotonic seconds.
    """

    def __init__(self, schedule: Schedule, clock: Callable[[], float]) -> None:
        self._schedule = schedule
        self._clock = clock
        self._wake = asyncio.Event()

    def add(self, key: Key, delay: float = 0.0) -> None:
        """Make a key due after `delay` seconds."""
        self._schedule.add(key, self._clock(), delay)
        self._wake.set()

    async def get(self) -> Key:
        """Wait for a key and take it; it must be given back with `finish`."""
        while True:
            self._wake.clear()
            found = self._schedule.take(self._clock())
            if isinstance(found, Key):
                self._wake.set()
                return found
            # Not wait_for: before Python 3.12 it may swallow a cancellation.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(found):
                    await self._wake.wait()

    def finish(self, key: Key) -> None:
        """Give back a key that was reconciled."""
        self._schedule.finish(key)
        self._wake.set()

    def fail(self, key: Key, at_least: float = 0.0) -> float:
        """Give back a key that failed; returns the seconds until it is tried again."""
        delay = self._schedule.fail(key, self._clock(), at_least)
        self._wake.set()
        return delay

    def depth(self, kind: str) -> int:
        """Return how many keys of a kind are due or at work."""
        return self._schedule.depth(kind, self._clock())

    def oldest(self) -> float:
        """Return how long the key that waits longest has been due, seconds."""
        return self._schedule.oldest(self._clock())
