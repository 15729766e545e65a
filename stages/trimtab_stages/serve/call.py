"""One infer request at the version that shall answer it, and what is left behind.

What a version fails, or refuses, is tried once on the former champion while that stands by: no
request fails through a rollout. It is the version's failure all the same. Load is not shifted: the
former one would shed the same, only later.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from trimtab_stages.serve.errors import (
    DeadlineExceededError,
    InferenceFailedError,
    InvalidRequestError,
    OutOfMemoryError,
    RequestError,
)
from trimtab_stages.serve.infer_exchange import InferExchange
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.observe.unwritten import UnwrittenRows
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import InferRequest
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import ServedVersion
from trimtab_stages.serve.shadow import ShadowQueue
from trimtab_stages.serve.statistics import RESCUED, Statistics

INFERENCE_ID = "trimtab_inference_id"
"""Response parameter with the id that labels are joined by, where the request had none."""

RESCUABLE = (InvalidRequestError, InferenceFailedError, OutOfMemoryError)
"""Errors that may be the version's own: a request is wrong where the former champion agrees."""

Note = Callable[[ServedVersion, Answered], None]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Where calls leave what they were.

    Attributes:
        statistics: counters.
        note: takes answered rows.
        unwritten: counts rows from before their answer goes out.
        shadow: takes answered rows that shadow versions shall score.
        loop: the event loop.
    """

    statistics: Statistics
    note: Note
    unwritten: UnwrittenRows
    shadow: ShadowQueue
    loop: asyncio.AbstractEventLoop

    def count(self, version: ServedVersion, code: str, asked: "Asked") -> None:
        """Count a request that a version did not answer."""
        self.statistics.of(version.name).failed(code, named=asked.named)


@dataclass(slots=True)
class Asked:
    """Who asked, and by which plan.

    Attributes:
        exchange: where the answer goes.
        routing: the plan that was in force at arrival.
        client_id: the request's id, None when it had none.
        inference_id: the id that labels are joined by.
        named: the request names the version that shall answer: a try, not the plan's traffic.
    """

    exchange: InferExchange
    routing: Routing
    client_id: str | None
    inference_id: str
    named: bool = False


@dataclass(frozen=True, slots=True)
class Failure:
    """What the version that should have answered made of a request.

    Attributes:
        version: the version.
        error: how it failed or refused the request.
    """

    version: ServedVersion
    error: RequestError


class Call:
    """One infer request between its queue and its answer.

    Attributes:
        inputs: input name -> values.
        rows: rows in them.
        deadline: loop time after which nobody waits.
        version: the version that answers.
    """

    __slots__ = (
        "_aftermath",
        "_asked",
        "_failure",
        "_parsed",
        "deadline",
        "inputs",
        "rows",
        "version",
    )

    def __init__(
        self,
        aftermath: Aftermath,
        asked: Asked,
        version: ServedVersion,
        parsed: InferRequest,
        failure: Failure | None = None,
    ) -> None:
        """Put together who asked, who answers and what was asked.

        Args:
            aftermath: where it leaves what it was.
            asked: who asked.
            version: the version that answers.
            parsed: the request as that version reads it.
            failure: what another version made of it before; None for a first try.
        """
        self._aftermath = aftermath
        self._asked = asked
        self._failure = failure
        self._parsed = parsed
        self.version = version
        self.inputs = parsed.inputs
        self.rows = parsed.rows
        self.deadline = asked.exchange.deadline

    def submit(self) -> None:
        """Queue it.

        Raises:
            OverloadedError: too much is waiting for the version; counted.
        """
        self._asked.exchange.watch(self.lose)
        try:
            self.version.batcher.submit(self, self._aftermath.loop)
        except RequestError as error:
            self._aftermath.count(self.version, error.code, self._asked)
            raise

    def succeed(self, results: Results) -> None:
        """Answer, then note the rows and offer them to shadow versions."""
        exchange, version = self._asked.exchange, self.version
        if exchange.answered:
            return
        if self._aftermath.loop.time() > self.deadline:
            # It held the loop, so that nobody could say so in time.
            exchange.expire()
            return
        self._reply(results)
        answered = self._answered(results)
        latency = (time.time_ns() - exchange.received_ns) * 1e-9
        counters = self._aftermath.statistics.of(version.name)
        counters.answered(self.rows, latency, named=self._asked.named)
        if self._failure is not None:
            self._aftermath.count(self._failure.version, RESCUED, self._asked)
        self._aftermath.note(version, answered)
        for shadow in self._asked.routing.shadows:
            self._aftermath.shadow.offer(shadow, answered)

    def fail(self, error: RequestError) -> None:
        """Answer with an error, unless the former champion takes the request over."""
        if self._asked.exchange.answered:
            return
        if self._failure is None:
            failure = Failure(self.version, error)
            left = try_former(self._aftermath, self._asked, failure)
        else:
            left = error if isinstance(error, DeadlineExceededError) else self._failure.error
            self._aftermath.count(self._failure.version, left.code, self._asked)
        if left is not None:
            self._asked.exchange.fail(left)

    def lose(self, error: RequestError) -> None:
        """Count that nobody waited for the version that should have answered."""
        blamed = self._failure.version if self._failure is not None else self.version
        self._aftermath.count(blamed, error.code, self._asked)

    def _reply(self, results: Results) -> None:
        # Counted before it goes out: a process that is killed with the reply has lost these rows.
        unwritten = self._aftermath.unwritten
        unwritten.answer(self.rows)
        try:
            self._asked.exchange.reply(self._head(), self._parsed.outputs, results)
        except Exception:
            unwritten.settle(self.rows)
            raise

    def _answered(self, results: Results) -> Answered:
        asked = self._asked
        return Answered(
            asked.inference_id,
            self.inputs,
            results,
            self.rows,
            asked.exchange.size,
            self._parsed.event_time,
            asked.exchange.received_ns,
            asked.routing.revision_prefix,
        )

    def _head(self) -> ResponseHead:
        asked = self._asked
        made_up = {} if asked.client_id else {INFERENCE_ID: asked.inference_id}
        return ResponseHead(asked.routing.plan.model, self.version.name, asked.client_id, made_up)


def try_former(aftermath: Aftermath, asked: Asked, failure: Failure) -> RequestError | None:
    """Hand a request that a version has failed or refused to the former champion.

    Returns:
        None where that one has it now, else what to answer; it is counted.
    """
    former = asked.routing.former
    parsed = None
    if former is not None and former is not failure.version and not asked.named:
        parsed = _read_again(asked.exchange, former, failure.error)
    if former is None or parsed is None:
        aftermath.count(failure.version, failure.error.code, asked)
        return failure.error
    try:
        Call(aftermath, asked, former, parsed, failure).submit()
    except RequestError as shed:
        aftermath.count(failure.version, failure.error.code, asked)
        return shed
    return None


def _read_again(
    exchange: InferExchange, former: ServedVersion, error: RequestError
) -> InferRequest | None:
    """Return the request as the former champion reads it, None where that cannot help."""
    if not isinstance(error, RESCUABLE):
        return None
    try:
        return exchange.read(former.reader)
    except RequestError:
        return None
