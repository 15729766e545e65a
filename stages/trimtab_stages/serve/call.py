"""One infer request at the version that shall answer it, and what is left behind."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.infer_exchange import InferExchange
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.observe.unwritten import UnwrittenRows
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import InferRequest
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import ServedVersion
from trimtab_stages.serve.shadow import ShadowQueue
from trimtab_stages.serve.statistics import Statistics

INFERENCE_ID = "trimtab_inference_id"
"""Response parameter with the id that labels are joined by, where the request had none."""

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


class Call:
    """One infer request between its queue and its answer.

    Attributes:
        inputs: input name -> values.
        rows: rows in them.
        deadline: loop time after which nobody waits.
        version: the version that answers.
    """

    __slots__ = ("_aftermath", "_asked", "_parsed", "deadline", "inputs", "rows", "version")

    def __init__(
        self, aftermath: Aftermath, asked: Asked, version: ServedVersion, parsed: InferRequest
    ) -> None:
        self._aftermath = aftermath
        self._asked = asked
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
            self._count(error)
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
        self._aftermath.note(version, answered)
        for shadow in self._asked.routing.shadows:
            self._aftermath.shadow.offer(shadow, answered)

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        if not self._asked.exchange.answered:
            self._count(error)
            self._asked.exchange.fail(error)

    def lose(self, error: RequestError) -> None:
        """Count that nobody waited for the version to answer."""
        self._count(error)

    def _count(self, error: RequestError) -> None:
        counters = self._aftermath.statistics.of(self.version.name)
        counters.failed(error.code, named=self._asked.named)

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
