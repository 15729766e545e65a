"""How a process of the control plane begins and ends: signals, clock, the right to act."""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

from trimtab_operator.cluster.lease import Lease
from trimtab_operator.errors import LeaseLost


def wall_clock() -> datetime:
    """Return the time in UTC."""
    return datetime.now(UTC)


def stop_on_signals(stop: asyncio.Event) -> None:
    """Set the event at SIGTERM and SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


async def run_until_stopped(work: Callable[[asyncio.Event], Coroutine[Any, Any, None]]) -> None:
    """Run `work(stop)` until it ends, or cancel it at SIGTERM or SIGINT."""
    stop = asyncio.Event()
    stop_on_signals(stop)
    working = asyncio.create_task(work(stop))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    working.cancel()
    await asyncio.wait({working, stopping})
    if not working.cancelled():
        working.result()


@asynccontextmanager
async def leading(lease: Lease) -> AsyncIterator[asyncio.TaskGroup]:
    """Wait for the Lease and keep it; tasks of the group work while it is held.

    Raises:
        LeaseLost: another process may be active; this one must end.
    """
    await lease.acquire()
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(lease.keep())
            yield group
    except BaseExceptionGroup as error:
        lost = error.subgroup(LeaseLost)
        if lost is None:
            raise
        raise LeaseLost("another process may hold the Lease") from lost
    finally:
        await lease.release()
