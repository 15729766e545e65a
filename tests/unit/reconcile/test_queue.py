import asyncio
import time
from random import Random

from trimtab_operator.reconcile.queue import WorkQueue
from trimtab_operator.reconcile.schedule import Key, Limits, Schedule

A, B = (Key("Dataset", "ns", name) for name in "ab")


def queue() -> WorkQueue:
    return WorkQueue(Schedule(Limits(), Random(1)), time.monotonic)  # noqa: S311 - jitter


def test_a_waiting_worker_gets_what_is_added() -> None:
    async def scenario() -> Key:
        work = queue()
        worker = asyncio.create_task(work.get())
        await asyncio.sleep(0)
        work.add(A)
        return await asyncio.wait_for(worker, 10)

    assert asyncio.run(scenario()) == A


def test_two_workers_get_two_keys() -> None:
    async def scenario() -> set[Key]:
        work = queue()
        workers = [asyncio.create_task(work.get()) for _ in range(2)]
        await asyncio.sleep(0)
        work.add(A)
        work.add(B)
        return set(await asyncio.wait_for(asyncio.gather(*workers), 10))

    assert asyncio.run(scenario()) == {A, B}


def test_a_delayed_key_comes_when_it_is_due() -> None:
    async def scenario() -> Key:
        work = queue()
        work.add(A, delay=0.01)
        return await asyncio.wait_for(work.get(), 10)

    assert asyncio.run(scenario()) == A


def test_a_cancelled_worker_ends_even_if_a_key_comes_at_the_same_moment() -> None:
    async def scenario() -> bool:
        work = queue()
        worker = asyncio.create_task(work.get())
        await asyncio.sleep(0)
        work.add(A)
        worker.cancel()
        await asyncio.wait({worker}, timeout=10)
        return worker.cancelled()

    assert asyncio.run(scenario())


def test_a_failed_key_comes_back() -> None:
    async def scenario() -> Key:
        work = WorkQueue(Schedule(Limits(backoff_base=0.01), Random(1)), time.monotonic)  # noqa: S311 - jitter
        work.add(A)
        work.fail(await work.get())
        return await asyncio.wait_for(work.get(), 10)

    assert asyncio.run(scenario()) == A
