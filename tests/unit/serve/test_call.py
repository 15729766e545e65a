"""How an infer request ends, and whose fault that is."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import graphs
from support.calls import Desk
from trimtab_stages.serve.grpc.infer import GrpcInfer

A = graphs.linear_scores(np.array([[1.0], [-1.0]], np.float32))
B = graphs.linear_scores(np.array([[2.0], [-2.0]], np.float32))
SHADOW: dict[str, Any] = {"weight": 0, "shadow": True}
PATIENCE = 60
"""Seconds after which a run that never ends fails its test."""


def play(folder: Path, scene: Callable[[Desk], Awaitable[None]]) -> None:
    """Let a scene play on a loop of its own."""

    async def main() -> None:
        await scene(Desk(folder))

    asyncio.run(main())


def expire(exchange: GrpcInfer) -> None:
    exchange.expire()


def leave(exchange: GrpcInfer) -> None:
    exchange.answer.cancel()
    exchange.received_ns -= 10**9
    exchange.leave()


def leave_at_once(exchange: GrpcInfer) -> None:
    exchange.answer.cancel()
    exchange.leave()


@pytest.mark.parametrize("by_name", [False, True], ids=["the plan's", "by name"])
@pytest.mark.parametrize(
    ("lose", "code", "failed"),
    [
        pytest.param(expire, "deadline", 1, id="the server's time is over"),
        pytest.param(leave, "abandoned", 1, id="the client's time is over"),
        pytest.param(leave_at_once, "client_gone", 0, id="the client is gone at once"),
    ],
)
def test_a_request_that_nobody_waits_for_is_counted_once(
    tmp_path: Path, lose: Callable[[GrpcInfer], None], code: str, failed: int, *, by_name: bool
) -> None:
    async def scene(desk: Desk) -> None:
        champion, challenger = desk.load(A), desk.load(B, **SHADOW)
        asked = challenger if by_name else champion
        exchange = desk.ask([champion, challenger], name=asked.name if by_name else None)
        lose(exchange)
        async with asyncio.timeout(PATIENCE):
            while asked.batcher.waiting:  # noqa: ASYNC110 - the run whose answer nobody takes
                await asyncio.sleep(0)

        assert desk.statistics.of(asked.name).codes == {code: 1}
        assert desk.counts(champion).failed_requests == (0 if by_name else failed)
        assert desk.counts(challenger).failed_requests == 0
        assert desk.noted == []
        exchange.answer.cancelled() or exchange.answer.exception()

    play(tmp_path, scene)


def test_an_answer_is_counted_for_the_version_that_gave_it(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        champion = desk.load(A)
        assert await desk.outcome(desk.ask([champion])) == "ok"
        exchange = desk.ask([champion], name=champion.name)
        assert await desk.outcome(exchange) == "ok"
        exchange.expire()
        exchange.leave()

        assert desk.statistics.of(champion.name).codes == {"ok": 2}, "it cannot end twice"
        assert desk.counts(champion).requests == 1
        assert desk.noted == [champion.name] * 2

    play(tmp_path, scene)


def test_an_answer_that_held_the_loop_beyond_the_time_limit_is_none(tmp_path: Path) -> None:
    async def scene(desk: Desk) -> None:
        champion = desk.load(graphs.spinning_scores())
        exchange = desk.ask([champion], (50_000.0, 0.0), seconds=0.001)
        assert await desk.outcome(exchange) == "deadline"
        assert desk.counts(champion).failed_requests == 1

    play(tmp_path, scene)
