"""What a shadow version's fault is, and what load is: both cost the client nothing."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import graphs
from support.calls import Desk
from trimtab_stages.contract.serving_plan import PlanVersion, VersionCounts
from trimtab_stages.serve.errors import (
    DeadlineExceededError,
    InferenceFailedError,
    InvalidRequestError,
    OutOfMemoryError,
    OverloadedError,
    RequestError,
)
from trimtab_stages.serve.model.run_estimate import Pace
from trimtab_stages.serve.model.session import OnnxModel
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.oip.tensors import Limits
from trimtab_stages.serve.plan.version import (
    LoadedModel,
    ServedVersion,
    VersionSettings,
    own_threads,
)
from trimtab_stages.serve.settings import RunSettings
from trimtab_stages.serve.shadow import WAITING_ROWS, ShadowQueue, _Rescore
from trimtab_stages.serve.statistics import Statistics, VersionStatistics

SECONDS = 10
"""Longest time that a queue may take."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> OnnxModel:
    """A graph `index` -> `score` that takes the indices 0, 1 and 2."""
    path: Path = tmp_path_factory.mktemp("shadow") / "model.onnx"
    path.write_bytes(graphs.lookup(3))
    return OnnxModel(path, threads=1)


def answered(index: list[int], name: str = "index") -> Answered:
    """Return a request that another version has answered."""
    return Answered(
        id="id",
        inputs={name: np.array(index, np.int64)},
        results={},
        rows=len(index),
        size=8 * len(index),
        event_time=None,
        received_ns=0,
        revision_prefix=b"",
    )


def shadow_of(
    model: OnnxModel, threads: Callable[[int], Executor] = own_threads, seconds: float = 0.0
) -> ServedVersion:
    """Return a graph as a shadow whose runs are known to take so long."""
    pace = Pace(mergeable=True, run_seconds=seconds, row_seconds=0)
    plan = PlanVersion(digest=f"sha256:{'b' * 64}", key="b", weight=0, shadow=True)
    settings = VersionSettings(RunSettings(), Limits(), threads)
    return ServedVersion(plan, LoadedModel(model, pace, None), settings)


def score(
    model: OnnxModel, rows: int, offer: Callable[[ShadowQueue, ServedVersion], None]
) -> tuple[VersionCounts, int]:
    """Return the counts, and the noted rows, after a queue has done so many rows."""
    noted: list[int] = []

    async def run() -> VersionStatistics:
        version, statistics = shadow_of(model), Statistics()
        loop = asyncio.get_running_loop()
        queue = ShadowQueue(lambda _, one: noted.append(one.rows), statistics, loop)
        offer(queue, version)
        counters = statistics.of(version.name)
        async with asyncio.timeout(SECONDS):
            while counters.shadow_rows + counters.shadow_dropped_rows < rows:  # noqa: ASYNC110 - a queue tells nobody that it is empty
                await asyncio.sleep(0)
        return counters

    return asyncio.run(run()).counts([]), sum(noted)


def test_a_scored_request_is_counted_and_noted(model: OnnxModel) -> None:
    counts, noted = score(model, 2, lambda queue, version: queue.offer(version, answered([0, 1])))

    assert (counts.shadow_requests, counts.shadow_rows, noted) == (1, 2, 2)
    assert (counts.shadow_failed_requests, counts.shadow_dropped_rows) == (0, 0)
    assert counts.requests == 0, "no client was answered"


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(answered([0, 7]), id="values that the graph refuses"),
        pytest.param(answered([0], name="other"), id="inputs that it does not have"),
    ],
)
def test_a_request_that_another_version_answered_and_it_cannot_is_its_fault(
    model: OnnxModel, request_: Answered
) -> None:
    counts, noted = score(
        model, request_.rows, lambda queue, version: queue.offer(version, request_)
    )

    assert (counts.shadow_requests, counts.shadow_failed_requests, noted) == (0, 1, 0)
    assert counts.shadow_dropped_rows == request_.rows


def test_rows_beyond_the_queue_are_load(model: OnnxModel) -> None:
    def offer(queue: ShadowQueue, version: ServedVersion) -> None:
        for _ in range(WAITING_ROWS + 5):
            queue.offer(version, answered([1]))

    counts, noted = score(model, WAITING_ROWS + 5, offer)

    assert (counts.shadow_requests, noted) == (WAITING_ROWS, WAITING_ROWS)
    assert (counts.shadow_failed_requests, counts.shadow_dropped_rows) == (0, 5)


@pytest.mark.parametrize(
    ("error", "fault"),
    [
        pytest.param(OverloadedError("full"), 0, id="no room"),
        pytest.param(DeadlineExceededError("late"), 0, id="no free slot"),
        pytest.param(OutOfMemoryError("big"), 1, id="no memory"),
        pytest.param(InferenceFailedError("failed"), 1, id="a failed run"),
        pytest.param(InvalidRequestError("refused"), 1, id="a refused run"),
    ],
)
def test_whose_fault_an_error_is(model: OnnxModel, error: RequestError, fault: int) -> None:
    def offer(queue: ShadowQueue, version: ServedVersion) -> None:
        one: Any = answered([0, 1, 2])
        _Rescore(queue, version, one, one.inputs, one.rows, 0.0).fail(error)

    counts, _ = score(model, 3, offer)

    assert (counts.shadow_failed_requests, counts.shadow_dropped_rows) == (fault, 3)


def test_a_run_of_a_shadow_holds_nobody_up(tmp_path: Path) -> None:
    """It is under way for as long as it takes while the champion answers."""

    async def run() -> None:
        desk = Desk(tmp_path)
        champion = desk.load(graphs.brittle_scores(1.0))
        shadow = desk.load(graphs.spinning_scores(), weight=0, shadow=True)
        assert await desk.outcome(desk.ask([champion, shadow], (200_000.0, 0.0))) == "ok"
        async with asyncio.timeout(SECONDS):
            while desk.shadow.waiting or shadow.batcher.waiting:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0)
            assert await desk.outcome(desk.ask([champion])) == "ok"
            assert desk.noted == [champion.name] * 2, "the shadow's run is not over"
            while shadow.name not in desk.noted:  # noqa: ASYNC110 - it tells nobody
                await asyncio.sleep(0.001)

    asyncio.run(run())


def test_a_version_that_lags_has_runs_of_single_requests_too(model: OnnxModel) -> None:
    """Two lots of five requests come while its only thread is taken."""
    free = threading.Event()

    async def run(executor: ThreadPoolExecutor) -> dict[int, int]:
        version = shadow_of(model, lambda _: executor, seconds=1)
        scored: list[int] = []
        loop = asyncio.get_running_loop()
        queue = ShadowQueue(lambda _, one: scored.append(one.rows), Statistics(), loop)
        executor.submit(free.wait, SECONDS)
        async with asyncio.timeout(SECONDS):
            for lot in (1, 2):
                for _ in range(5):
                    queue.offer(version, answered([1]))
                while lot == 1 and version.batcher.waiting < 4:  # noqa: ASYNC110 - it tells nobody
                    await asyncio.sleep(0)
            free.set()
            while len(scored) < 10:  # noqa: ASYNC110 - it tells nobody that it is empty
                await asyncio.sleep(0)
        return {times.size: times.runs for times in version.batcher.times.read()}

    with ThreadPoolExecutor(1) as executor:
        runs = asyncio.run(run(executor))
    assert runs == {1: 2, 4: 2}
