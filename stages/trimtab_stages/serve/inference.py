"""Infer requests, from the exchange to the answer and to what is left behind."""

import asyncio
import time
from collections.abc import Callable
from typing import Protocol

from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.observe.unwritten import UnwrittenRows
from trimtab_stages.serve.oip.request import InferRequestReader
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, RequestedOutput
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import ServedVersion
from trimtab_stages.serve.shadow import ShadowQueue
from trimtab_stages.serve.statistics import Statistics

INFERENCE_ID = "trimtab_inference_id"
"""Response parameter with the id that labels are joined by, where the request had none."""

Note = Callable[[ServedVersion, Answered], None]


class IdSource:
    """Inference ids for requests without one: unique over pods and restarts."""

    def __init__(self, pod: str, start_ns: int) -> None:
        self._prefix = f"{pod}-{start_ns:x}-"
        self._count = 0

    def next(self) -> str:
        """Return a new id."""
        self._count += 1
        return f"{self._prefix}{self._count:x}"


class InferExchange(Protocol):
    """One infer request and its one answer, by whichever protocol it came.

    Attributes:
        deadline: loop time after which nobody waits.
        received_ns: arrival, nanoseconds since 1970, UTC.
        size: bytes that the request keeps in memory.
    """

    deadline: float
    received_ns: int
    size: int

    @property
    def answered(self) -> bool:
        """Whether the answer is out, or nobody waits for it any more."""
        ...

    def read_known(self, reader: InferRequestReader) -> InferRequest | None:
        """Return the request if it has no id and its form has been checked before, else None."""
        ...

    def read_id(self, limits: Limits) -> str | None:
        """Return the request's id, None when it has none; raises `RequestError`."""
        ...

    def read(self, reader: InferRequestReader) -> InferRequest:
        """Return the validated request; raises `RequestError`."""
        ...

    def reply(
        self, head: ResponseHead, wanted: tuple[RequestedOutput, ...], results: Results
    ) -> None:
        """Answer with results; raises `RequestError`, and then nothing is sent."""
        ...

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        ...


class Inference:
    """Answers infer requests.

    Attributes:
        statistics: counters.
        note: takes answered rows.
        unwritten: counts rows from before their answer goes out.
        shadow: takes answered rows that shadow versions shall score.
    """

    def __init__(
        self,
        limits: Limits,
        ids: IdSource,
        note: Note,
        unwritten: UnwrittenRows,
        shadow: ShadowQueue,
        statistics: Statistics,
    ) -> None:
        self._limits = limits
        self._ids = ids
        self._loop = asyncio.get_running_loop()
        self.statistics = statistics
        self.note = note
        self.unwritten = unwritten
        self.shadow = shadow

    def start(self, exchange: InferExchange, routing: Routing, version_name: str | None) -> None:
        """Read a request and queue it; the answer follows in this turn of the loop or later.

        Raises:
            RequestError: the request is refused.
        """
        only = routing.only
        if only is not None and version_name is None:
            known = exchange.read_known(only.reader)
            if known is not None:
                self._submit(Call(self, exchange, routing, only, None, self._ids.next(), known))
                return
        client_id = exchange.read_id(self._limits)
        inference_id = client_id or self._ids.next()
        version = routing.version(version_name) if version_name else routing.choose(inference_id)
        try:
            parsed = exchange.read(version.reader)
        except RequestError as error:
            self.statistics.of(version.name).codes[error.code] += 1
            raise
        self._submit(Call(self, exchange, routing, version, client_id, inference_id, parsed))

    def _submit(self, call: "Call") -> None:
        try:
            call.version.batcher.submit(call, self._loop)
        except RequestError as error:
            self.statistics.of(call.version.name).codes[error.code] += 1
            raise


class Call:
    """One infer request between its queue and its answer.

    Attributes:
        inputs: input name -> values.
        rows: rows in them.
        deadline: loop time after which nobody waits.
        version: the version that answers.
    """

    __slots__ = (
        "_client_id",
        "_exchange",
        "_inference_id",
        "_owner",
        "_parsed",
        "_routing",
        "deadline",
        "inputs",
        "rows",
        "version",
    )

    def __init__(
        self,
        owner: Inference,
        exchange: InferExchange,
        routing: Routing,
        version: ServedVersion,
        client_id: str | None,
        inference_id: str,
        parsed: InferRequest,
    ) -> None:
        """Put together who asked, who answers and what was asked.

        Args:
            owner: what all calls share.
            exchange: where the answer goes.
            routing: the plan that was in force at arrival.
            version: the version that answers.
            client_id: the request's id, None when it had none.
            inference_id: the id that labels are joined by.
            parsed: the request.
        """
        self._owner = owner
        self._exchange = exchange
        self._routing = routing
        self._client_id = client_id
        self._inference_id = inference_id
        self._parsed = parsed
        self.version = version
        self.inputs = parsed.inputs
        self.rows = parsed.rows
        self.deadline = exchange.deadline

    def succeed(self, results: Results) -> None:
        """Answer, then note the rows and offer them to shadow versions."""
        exchange, parsed, version = self._exchange, self._parsed, self.version
        if exchange.answered:
            return
        owner = self._owner
        # Counted before it goes out: a process that is killed with the reply has lost these rows.
        owner.unwritten.answer(self.rows)
        try:
            exchange.reply(self._head(), parsed.outputs, results)
        except Exception:
            owner.unwritten.settle(self.rows)
            raise
        answered = Answered(
            self._inference_id,
            self.inputs,
            results,
            self.rows,
            exchange.size,
            parsed.event_time,
            exchange.received_ns,
            self._routing.revision_prefix,
        )
        latency = (time.time_ns() - exchange.received_ns) * 1e-9
        owner.statistics.of(version.name).answered(self.rows, latency)
        owner.note(version, answered)
        for shadow in self._routing.shadows:
            owner.shadow.offer(shadow, answered)

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        if not self._exchange.answered:
            self._owner.statistics.of(self.version.name).codes[error.code] += 1
            self._exchange.fail(error)

    def _head(self) -> ResponseHead:
        made_up = {} if self._client_id else {INFERENCE_ID: self._inference_id}
        model = self._routing.plan.model
        return ResponseHead(model, self.version.name, self._client_id, made_up)
