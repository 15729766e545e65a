"""A store that does not answer holds up none but its own; no time is measured here."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from threading import Event
from typing import Any

import pytest

from trimtab_operator.monitor.lanes import FORGET_SECONDS, REST_SECONDS, Lanes
from trimtab_stages.store import NotFound, StoreError, StoreUnreachable

DEAD, WELL = "dead", "well"


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def never() -> float:
    return float("-inf")


def found() -> str:
    return "found"


def failing(error: StoreError) -> Callable[[], str]:
    def look() -> str:
        raise error

    return look


UNREACHABLE = StoreUnreachable("s3", "no answer")


def run(steps: Coroutine[Any, Any, None]) -> None:
    asyncio.run(steps)


@pytest.mark.parametrize("dead_looks", [1, 8])
def test_looks_at_a_silent_store_give_their_slots_to_others(dead_looks: int) -> None:
    async def steps() -> None:
        lanes, answers = Lanes(1, time.monotonic, silent_seconds=0.01), Event()

        def silent() -> str:
            answers.wait()
            return "at last"

        waiting = [asyncio.create_task(lanes.run(DEAD, silent, never)) for _ in range(dead_looks)]
        assert await lanes.run(WELL, found, never) == "found"
        assert not any(task.done() for task in waiting)
        answers.set()
        assert await asyncio.gather(*waiting) == ["at last"] * dead_looks
        assert await lanes.run(DEAD, found, never) == "found"

    run(steps())


def test_a_look_that_reads_keeps_its_slot() -> None:
    async def steps() -> None:
        clock = Clock()
        lanes, goes_on, asked = Lanes(1, clock, silent_seconds=0.01), Event(), Event()

        def last_read() -> float:
            asked.set()
            return clock.now

        first = asyncio.create_task(lanes.run(WELL, lambda: goes_on.wait() and "first", last_read))
        second = asyncio.create_task(lanes.run(WELL, found, never))
        await asyncio.to_thread(asked.wait)
        assert not second.done()
        goes_on.set()
        assert [await first, await second] == ["first", "found"]

    run(steps())


def test_a_namespace_whose_store_was_not_reached_rests_and_then_one_look_tries() -> None:
    async def steps() -> None:
        clock = Clock()
        lanes = Lanes(1, clock)
        with pytest.raises(StoreUnreachable):
            await lanes.run(DEAD, failing(UNREACHABLE), never)
        assert (lanes.admit(DEAD), lanes.rests(DEAD), lanes.admit(WELL)) == (False, True, True)
        clock.now = REST_SECONDS
        assert [lanes.admit(DEAD) for _ in range(3)] == [True, False, False]
        assert await lanes.run(DEAD, found, never) == "found"
        assert [lanes.admit(DEAD) for _ in range(3)] == [True] * 3

    run(steps())


def test_a_store_that_refuses_has_answered() -> None:
    async def steps() -> None:
        clock = Clock()
        lanes = Lanes(1, clock)
        with pytest.raises(StoreUnreachable):
            await lanes.run(DEAD, failing(UNREACHABLE), never)
        clock.now = REST_SECONDS
        assert lanes.admit(DEAD)
        with pytest.raises(NotFound):
            await lanes.run(DEAD, failing(NotFound("s3://b/k")), never)
        assert lanes.admit(DEAD)

    run(steps())


def test_namespaces_that_are_gone_are_forgotten() -> None:
    async def steps() -> None:
        clock = Clock()
        lanes = Lanes(1, clock)
        for number in range(3):
            clock.now += REST_SECONDS + FORGET_SECONDS
            with pytest.raises(StoreUnreachable):
                await lanes.run(f"n{number}", failing(UNREACHABLE), never)
        assert lanes.resting == {"n2"}

    run(steps())
