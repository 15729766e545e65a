"""Threads for looks at buckets: a store that does not answer holds up none but its own.

A look has a slot while it works. One whose store is silent gives the slot to others and goes on
waiting in its thread; after it has failed the namespace rests for a while, and then one look tries
whether the store is back. So what a dead bucket takes is bounded, however many objects look at it.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from typing import TypeVar

from trimtab_stages.store import StoreUnreachable

SILENT_SECONDS = 5.0
"""A look that has read nothing for so long gives its slot to others."""
REST_SECONDS = 15.0
"""A namespace whose store was not reached is left alone for so long."""
FORGET_SECONDS = 3600.0
"""A namespace that was not looked at for so long after its rest is forgotten."""
MOST_SILENT = 32
"""Threads that may wait for silent stores beside those that work."""

Found = TypeVar("Found")


class Lanes:
    """Runs looks, so many at the same time.

    Args:
        workers: looks that work at the same time; boto3 and NumPy block.
        clock: monotonic seconds.
        silent_seconds: a look that has read nothing for so long gives its slot to others.
    """

    def __init__(
        self, workers: int, clock: Callable[[], float], silent_seconds: float = SILENT_SECONDS
    ) -> None:
        self.executor: Executor = ThreadPoolExecutor(workers + MOST_SILENT, "look")
        self._slots = asyncio.Semaphore(workers)
        self._clock = clock
        self._silent_seconds = silent_seconds
        self._rests: dict[str, float] = {}

    @property
    def resting(self) -> frozenset[str]:
        """Namespaces whose stores were not reached when they were looked at last."""
        return frozenset(self._rests)

    def rests(self, namespace: str) -> bool:
        """Return whether a namespace is left alone now."""
        return self._clock() < self._rests.get(namespace, float("-inf"))

    def admit(self, namespace: str) -> bool:
        """Return whether a look may begin; of a namespace that has rested it is one at a time."""
        if self.rests(namespace):
            return False
        if namespace in self._rests:
            self._rests[namespace] = self._clock() + REST_SECONDS
        return True

    async def run(
        self, namespace: str, look: Callable[[], Found], last_read: Callable[[], float]
    ) -> Found:
        """Return what a look finds, once there is a slot for it.

        Args:
            namespace: whose bucket is looked at.
            look: blocks.
            last_read: when it read something last, monotonic seconds.

        Raises:
            StoreUnreachable: the store does not answer; the namespace rests.
        """
        await self._slots.acquire()
        slots = [self._slots]
        try:
            found = await self._wait(look, last_read, slots)
        except StoreUnreachable:
            self._rest(namespace)
            raise
        except Exception:
            # The store has answered; the look failed for a cause of its own.
            self._rests.pop(namespace, None)
            raise
        finally:
            for slot in slots:
                slot.release()
        self._rests.pop(namespace, None)
        return found

    def _rest(self, namespace: str) -> None:
        """Leave a namespace alone, and forget those that nobody has asked for since."""
        now = self._clock()
        kept = {one: until for one, until in self._rests.items() if until > now - FORGET_SECONDS}
        self._rests = kept | {namespace: now + REST_SECONDS}

    async def _wait(
        self,
        look: Callable[[], Found],
        last_read: Callable[[], float],
        slots: list[asyncio.Semaphore],
    ) -> Found:
        began = self._clock()
        future = asyncio.get_running_loop().run_in_executor(self.executor, look)
        while True:
            done, _ = await asyncio.wait({future}, timeout=self._silent_seconds)
            if done:
                return future.result()
            if slots and self._clock() - max(began, last_read()) >= self._silent_seconds:
                slots.pop().release()
