"""Shadow scoring: a challenger scores requests after the champion's reply, and is dropped first."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace

from trimtab_stages.serve.errors import (
    DeadlineExceededError,
    OutOfMemoryError,
    OverloadedError,
    RequestError,
)
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.oip.tensors import Tensor
from trimtab_stages.serve.plan.version import ServedVersion
from trimtab_stages.serve.statistics import Statistics

WAITING_ROWS = 256
"""Rows that may wait for shadow scoring; further ones are dropped and counted."""

TURN_ROWS = 64
"""Rows scored at a time, so that a reply never waits for more."""

PAUSE_SECONDS = 0.002
"""Time left to replies between two turns."""

PATIENCE_SECONDS = 1.0
"""Time that shadow rows may wait for a run."""

Note = Callable[[ServedVersion, Answered], None]


class ShadowQueue:
    """Requests that shadow versions have not scored yet.

    Every other turn takes one request alone. The time of runs is compared between runs of the same
    size, and a version that is too slow to keep up would only ever have large ones.
    """

    def __init__(self, note: Note, statistics: Statistics, loop: asyncio.AbstractEventLoop) -> None:
        self._note = note
        self._statistics = statistics
        self._loop = loop
        self._waiting: deque[tuple[ServedVersion, Answered]] = deque()
        self._rows = 0
        self._scheduled = False
        self._alone = False

    @property
    def waiting(self) -> int:
        """Requests that no run has taken yet."""
        return len(self._waiting)

    def offer(self, version: ServedVersion, answered: Answered) -> None:
        """Queue an answered request for a shadow version, or drop it."""
        takes = {spec.name for spec in version.model.signature.inputs}
        if takes != answered.inputs.keys():
            self.fail(version, answered.rows)
            return
        if self._rows + answered.rows > WAITING_ROWS:
            self.drop(version, answered.rows)
            return
        self._waiting.append((version, answered))
        self._rows += answered.rows
        if not self._scheduled:
            self._scheduled = True
            self._loop.call_later(PAUSE_SECONDS, self._turn)

    def _turn(self) -> None:
        # What a run has not taken yet would share one with what came behind it.
        if not self._waiting[0][0].batcher.waiting:
            self._alone = not self._alone
            self._submit_rows(1 if self._alone else TURN_ROWS)
        self._scheduled = bool(self._waiting)
        if self._scheduled:
            self._loop.call_later(PAUSE_SECONDS, self._turn)

    def _submit_rows(self, most: int) -> None:
        """Submit requests until they have so many rows."""
        rows = 0
        while self._waiting and rows < most:
            version, answered = self._waiting.popleft()
            self._rows -= answered.rows
            rows += answered.rows
            self._submit(version, answered)

    def _submit(self, version: ServedVersion, answered: Answered) -> None:
        deadline = self._loop.time() + PATIENCE_SECONDS
        job = _Rescore(self, version, answered, answered.inputs, answered.rows, deadline)
        try:
            version.batcher.submit(job, self._loop)
        except OverloadedError as error:
            job.fail(error)

    def scored(self, version: ServedVersion, answered: Answered) -> None:
        """Count and note rows that a shadow version has scored."""
        self._statistics.of(version.name).scored(answered.rows)
        self._note(version, answered)

    def fail(self, version: ServedVersion, rows: int) -> None:
        """Count a request that the version cannot score although the champion answered it."""
        self._statistics.of(version.name).shadow_failed += 1
        self.drop(version, rows)

    def drop(self, version: ServedVersion, rows: int) -> None:
        """Count rows that are not scored."""
        self._statistics.of(version.name).shadow_dropped_rows += rows


@dataclass(slots=True)
class _Rescore:
    """A shadow version's run of an answered request."""

    queue: ShadowQueue
    version: ServedVersion
    answered: Answered
    inputs: dict[str, Tensor]
    rows: int
    deadline: float

    def succeed(self, results: Results) -> None:
        """Note the rows with the shadow version's results."""
        self.queue.scored(self.version, replace(self.answered, results=results))

    def fail(self, error: RequestError) -> None:
        """Count the rows as not scored: a failure, unless there was too much to do."""
        is_load = isinstance(error, OverloadedError | DeadlineExceededError)
        if is_load and not isinstance(error, OutOfMemoryError):
            self.queue.drop(self.version, self.rows)
        else:
            self.queue.fail(self.version, self.rows)
