"""Batching: shared runs, isolation of faults, limits."""

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import pytest

from trimtab_stages.serve.errors import (
    DeadlineExceededError,
    InferenceFailedError,
    InvalidRequestError,
    OverloadedError,
    RequestError,
)
from trimtab_stages.serve.model.batcher import (
    Batcher,
    Job,
    Results,
    Runnable,
    run_batch,
)
from trimtab_stages.serve.model.run_estimate import Pace, RunEstimate
from trimtab_stages.serve.oip.tensors import Tensor
from trimtab_stages.serve.settings import RunSettings

FAST = Pace(mergeable=True, run_seconds=0.0, row_seconds=0.0)
SLOW = Pace(mergeable=True, run_seconds=1.0, row_seconds=1.0)
FOREVER = 1e12


@dataclass
class Doubling:
    """Doubles its input; refuses any run that holds a negative number."""

    sizes: list[int] = field(default_factory=list)

    def run(self, inputs: dict[str, Tensor]) -> Results:
        values = inputs["x"]
        if (values < 0).any():
            raise InvalidRequestError("negative")
        self.sizes.append(len(values))
        return {"y": values * 2}


@dataclass
class Dropping:
    """Gives the positive rows back."""

    sizes: list[int] = field(default_factory=list)

    def run(self, inputs: dict[str, Tensor]) -> Results:
        self.sizes.append(len(inputs["x"]))
        return {"y": inputs["x"][inputs["x"] > 0]}


@dataclass
class Outcomes:
    answers: dict[int, list[float]] = field(default_factory=dict)
    errors: dict[int, RequestError] = field(default_factory=dict)

    def job(self, number: int, values: list[float], deadline: float = FOREVER) -> "Numbered":
        return Numbered({"x": np.array(values)}, len(values), deadline, number, self)

    @property
    def finished(self) -> int:
        return len(self.answers) + len(self.errors)


@dataclass
class Numbered:
    inputs: dict[str, Tensor]
    rows: int
    deadline: float
    number: int
    outcomes: Outcomes

    def succeed(self, results: Results) -> None:
        self.outcomes.answers[self.number] = results["y"].tolist()

    def fail(self, error: RequestError) -> None:
        self.outcomes.errors[self.number] = error


class Broken(Numbered):
    def succeed(self, results: Results) -> None:
        raise KeyError(str(results))


async def settle(outcomes: Outcomes, count: int) -> None:
    async with asyncio.timeout(10):
        while outcomes.finished < count:  # noqa: ASYNC110 - the batcher reports by callbacks only
            await asyncio.sleep(0.001)


def serve(
    jobs: Callable[[Outcomes], Sequence[Job]],
    *,
    pace: Pace = FAST,
    settings: RunSettings | None = None,
    model: Runnable | None = None,
) -> tuple[Outcomes, Doubling]:
    """Submit jobs in one turn of a loop and wait for all of them."""
    outcomes, doubling = Outcomes(), Doubling()

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(
                model or doubling, RunEstimate(pace), executor, settings or RunSettings()
            )
            submitted = jobs(outcomes)
            for job in submitted:
                batcher.submit(job, asyncio.get_running_loop())
            await settle(outcomes, len(submitted))

    asyncio.run(main())
    return outcomes, doubling


@pytest.mark.parametrize("pace", [FAST, SLOW], ids=["on the loop", "on a thread"])
def test_what_waits_together_runs_together_and_answers_apart(pace: Pace) -> None:
    outcomes, model = serve(lambda o: [o.job(n, [n, n + 0.5]) for n in range(3)], pace=pace)

    assert model.sizes == [6]
    assert outcomes.answers == {n: [2 * n, 2 * n + 1] for n in range(3)}


def test_graphs_that_do_not_merge_run_request_by_request() -> None:
    pace = Pace(mergeable=False, run_seconds=0.0, row_seconds=0.0)
    outcomes, model = serve(lambda o: [o.job(n, [n]) for n in range(3)], pace=pace)

    assert model.sizes == [1, 1, 1]
    assert outcomes.answers == {n: [2 * n] for n in range(3)}


@pytest.mark.parametrize(
    ("row_seconds", "sizes"),
    [pytest.param(0.0, [4, 2], id="cheap rows"), pytest.param(1e-4, [2, 2, 2], id="costly rows")],
)
def test_merging_stops_at_the_row_limit(row_seconds: float, sizes: list[int]) -> None:
    pace = Pace(mergeable=True, run_seconds=0.0, row_seconds=row_seconds)
    settings = RunSettings(merge_rows=5, costly_merge_rows=2, inline_seconds=1.0)
    _, model = serve(lambda o: [o.job(n, [n, n]) for n in range(3)], pace=pace, settings=settings)

    assert model.sizes == sizes


def test_a_bad_request_fails_alone() -> None:
    outcomes, _ = serve(lambda o: [o.job(0, [1]), o.job(1, [-1]), o.job(2, [3])])

    assert outcomes.answers == {0: [2], 2: [6]}
    assert isinstance(outcomes.errors[1], InvalidRequestError)


@dataclass
class Surprising:
    """Answers in a form that nobody expects."""

    def run(self, inputs: dict[str, Tensor]) -> Results:
        raise IndexError(str(inputs))


@pytest.mark.parametrize("jobs", [1, 2], ids=["alone", "together"])
@pytest.mark.parametrize("pace", [FAST, SLOW], ids=["on the loop", "on a thread"])
def test_whatever_a_run_raises_is_its_answer(pace: Pace, jobs: int) -> None:
    outcomes, _ = serve(
        lambda o: [o.job(n, [n]) for n in range(jobs)], pace=pace, model=Surprising()
    )

    assert [type(error) for error in outcomes.errors.values()] == [InferenceFailedError] * jobs


@dataclass
class Busy:
    """Takes as many seconds of processor time as the first row says."""

    threads: list[int] = field(default_factory=list)

    def run(self, inputs: dict[str, Tensor]) -> Results:
        self.threads.append(threading.get_ident())
        start = time.thread_time()
        while time.thread_time() - start < inputs["x"][0]:
            pass
        return {"y": inputs["x"]}


def threads_of(seconds: list[float]) -> list[bool]:
    """Return which of the runs, one after the other, were on the loop."""
    model, outcomes = Busy(), Outcomes()
    settings = RunSettings(inline_seconds=0.002, merge_rows=0)

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(model, RunEstimate(FAST), executor, settings)
            for number, value in enumerate(seconds):
                batcher.submit(outcomes.job(number, [value]), asyncio.get_running_loop())
                await settle(outcomes, number + 1)

    asyncio.run(main())
    return [one == threading.get_ident() for one in model.threads]


def test_a_graph_that_becomes_slow_leaves_the_loop_after_one_run() -> None:
    assert threads_of([0.0, 0.003, 0.003, 0.003]) == [True, True, False, False]


def test_a_single_slow_run_is_forgotten() -> None:
    on_the_loop = threads_of([0.003, *[0.0] * 60])

    assert on_the_loop[:2] == [True, False]
    assert on_the_loop[-1]


def test_rows_that_a_graph_drops_are_nobody_elses() -> None:
    outcomes = Outcomes()
    jobs: list[Job] = [outcomes.job(0, [-1, 2]), outcomes.job(1, [3])]
    finished = run_batch(Dropping(), jobs)

    answers = [result["y"].tolist() for _, result in finished if isinstance(result, dict)]
    assert answers == [[2], [3]]


def test_a_reply_that_cannot_be_made_costs_only_itself() -> None:
    def jobs(outcomes: Outcomes) -> Sequence[Job]:
        broken = Broken({"x": np.array([1])}, 1, FOREVER, 0, outcomes)
        return [broken, outcomes.job(1, [2])]

    outcomes, _ = serve(jobs)

    assert outcomes.answers == {1: [4]}
    assert "internal error" in outcomes.errors[0].message


def test_nobody_waits_for_a_late_request() -> None:
    outcomes, model = serve(lambda o: [o.job(0, [1], deadline=-1.0), o.job(1, [2])])

    assert isinstance(outcomes.errors[0], DeadlineExceededError)
    assert model.sizes == [1]


def test_a_full_queue_refuses() -> None:
    outcomes = Outcomes()

    async def main() -> None:
        with ThreadPoolExecutor(1) as executor:
            batcher = Batcher(
                Doubling(), RunEstimate(FAST), executor, RunSettings(waiting_requests=2)
            )
            loop = asyncio.get_running_loop()
            batcher.submit(outcomes.job(0, [1]), loop)
            batcher.submit(outcomes.job(1, [1]), loop)
            assert batcher.waiting == 2
            with pytest.raises(OverloadedError):
                batcher.submit(outcomes.job(2, [1]), loop)
            await settle(outcomes, 2)

    asyncio.run(main())
