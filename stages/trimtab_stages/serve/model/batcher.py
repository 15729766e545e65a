"""Natural batching: what waits when a run can start shares that run; nothing waits for more.

Short runs happen on the event loop, which is faster than a hand-over to a thread; long ones on
threads of their own, so that the loop keeps reading and a graph that hangs holds up no other one.
The measured time of earlier runs decides.
"""

import asyncio
import logging
import time
from collections import deque
from concurrent.futures import Executor
from dataclasses import dataclass
from math import inf
from typing import Protocol

import numpy as np

from trimtab_stages.serve.errors import (
    DeadlineExceededError,
    InferenceFailedError,
    OverloadedError,
    RequestError,
)
from trimtab_stages.serve.model.run_clock import RunClock
from trimtab_stages.serve.model.run_estimate import RunEstimate
from trimtab_stages.serve.oip.tensors import Tensor
from trimtab_stages.serve.settings import RunSettings

LOG = logging.getLogger(__name__)

Results = dict[str, Tensor]


class Runnable(Protocol):
    """What a batcher runs: a loaded graph."""

    def run(self, inputs: dict[str, Tensor]) -> Results:
        """Return all outputs by name; raises `RequestError`."""
        ...


class Job(Protocol):
    """One request's rows and what to do with the answer.

    Attributes:
        inputs: input name -> values.
        rows: rows in them.
        deadline: loop time after which nobody waits for the answer.
    """

    inputs: dict[str, Tensor]
    rows: int
    deadline: float

    def succeed(self, results: Results) -> None:
        """Take the outputs of these rows; called on the loop."""
        ...

    def fail(self, error: RequestError) -> None:
        """Take the error; called on the loop."""
        ...


Outcome = tuple[list[Job], Results | RequestError]
"""Jobs that shared a run, and what became of it."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the graph.

    Attributes:
        outcomes: what became of its jobs.
        rows: rows in them.
        seconds: processor time of the thread that ran it.
    """

    outcomes: list[Outcome]
    rows: int
    seconds: float


class Batcher:
    """Queue in front of one loaded graph.

    Attributes:
        times: how long its runs took, by their size.
    """

    def __init__(
        self,
        model: Runnable,
        estimate: RunEstimate,
        threads: Executor,
        settings: RunSettings,
        times: RunClock | None = None,
    ) -> None:
        """Make an empty queue.

        Args:
            model: the graph.
            estimate: how long its runs take.
            threads: for long runs.
            settings: how graphs are run.
            times: earlier runs that new ones are added to; None for none.
        """
        self._model = model
        self._mergeable = estimate.mergeable and settings.merge_rows > 0
        self._estimate = estimate
        self._threads = threads
        self._settings = settings
        self._waiting: deque[Job] = deque()
        self._scheduled = False
        self._free_slots = settings.slots
        self.times = RunClock() if times is None else times

    @property
    def waiting(self) -> int:
        """Requests that no run has taken yet."""
        return len(self._waiting)

    def submit(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        """Queue a job; it runs in this turn of the loop or as soon as a slot is free.

        Raises:
            OverloadedError: too many are waiting already.
        """
        if len(self._waiting) >= self._settings.waiting_requests:
            raise OverloadedError("too many requests are waiting for this model; try again shortly")
        self._waiting.append(job)
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._start, loop)

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        while self._waiting:
            expected = self._estimate.seconds(self._waiting[0].rows)
            inline = expected < self._settings.inline_seconds
            if not inline and not self._free_slots:
                return
            batch = self._take_batch(loop.time())
            if not batch:
                continue
            if inline:
                self._finish(self._run_timed(batch), self._settings.inline_seconds)
            else:
                self._run_on_thread(batch, loop)

    def _take_batch(self, now: float) -> list[Job]:
        limit = self._merge_limit()
        batch: list[Job] = []
        rows = 0
        while self._waiting and (not batch or rows + self._waiting[0].rows <= limit):
            job = self._waiting.popleft()
            if now > job.deadline:
                job.fail(DeadlineExceededError("the model had no free slot within the time limit"))
                continue
            batch.append(job)
            rows += job.rows
        return batch

    def _merge_limit(self) -> int:
        if not self._mergeable:
            return 0
        if self._estimate.row_seconds > self._settings.costly_row_seconds:
            return self._settings.costly_merge_rows
        return self._settings.merge_rows

    def _run_on_thread(self, batch: list[Job], loop: asyncio.AbstractEventLoop) -> None:
        self._free_slots -= 1
        future = loop.run_in_executor(self._threads, self._run_timed, batch)

        def done(finished: asyncio.Future[Run]) -> None:
            self._free_slots += 1
            self._finish(finished.result())
            self._start(loop)

        future.add_done_callback(done)

    def _run_timed(self, batch: list[Job]) -> Run:
        # The thread's own processor time: waiting for a processor is no property of the graph.
        start = time.thread_time()
        outcomes = run_batch(self._model, batch)
        seconds = time.thread_time() - start
        return Run(outcomes, sum(job.rows for job in batch), seconds)

    def _finish(self, run: Run, limit: float = inf) -> None:
        self._estimate.add(run.rows, run.seconds, limit)
        self.times.add(run.rows, run.seconds)
        _deliver(run.outcomes)


def run_batch(model: Runnable, batch: list[Job]) -> list[Outcome]:
    """Run the jobs as one; where that fails each alone, so that a bad request fails alone."""
    if len(batch) == 1:
        return [(batch, _run_one(model, batch[0]))]
    try:
        results = model.run(_merge(batch))
    except Exception:  # noqa: BLE001 - each says for itself what is wrong
        return [([job], _run_one(model, job)) for job in batch]
    rows = sum(job.rows for job in batch)
    if any(len(values) != rows for values in results.values()):
        # The graph drops or makes rows: whose they are is known only one by one.
        return [([job], _run_one(model, job)) for job in batch]
    return [(batch, results)]


def _merge(batch: list[Job]) -> dict[str, Tensor]:
    return {name: np.concatenate([job.inputs[name] for job in batch]) for name in batch[0].inputs}


def _run_one(model: Runnable, job: Job) -> Results | RequestError:
    try:
        return model.run(job.inputs)
    except RequestError as error:
        return error
    except Exception:
        # A graph's results may not be what it declares: that must not cost the others theirs.
        LOG.exception("run failed")
        return InferenceFailedError("internal error; the server's log has the trace")


def _deliver(outcomes: list[Outcome]) -> None:
    for jobs, result in outcomes:
        if isinstance(result, RequestError):
            for job in jobs:
                job.fail(result)
        elif len(jobs) == 1:
            _succeed(jobs[0], result)
        else:
            start = 0
            for job in jobs:
                end = start + job.rows
                _succeed(job, {name: values[start:end] for name, values in result.items()})
                start = end


def _succeed(job: Job, results: Results) -> None:
    try:
        job.succeed(results)
    except RequestError as error:
        job.fail(error)
    except Exception:
        # One reply that cannot be made must not cost the others of its batch theirs.
        LOG.exception("reply failed")
        job.fail(InferenceFailedError("internal error; the server's log has the trace"))
