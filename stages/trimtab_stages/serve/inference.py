"""Infer requests, from the exchange to the answer and to what is left behind."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.oip.request import InferRequestReader
from trimtab_stages.serve.oip.response import ResponseHead
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, RequestedOutput, Tensor
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
        shadow: takes answered rows that shadow versions shall score.
    """

    def __init__(
        self,
        limits: Limits,
        ids: IdSource,
        note: Note,
        shadow: ShadowQueue,
        statistics: Statistics,
    ) -> None:
        self._limits = limits
        self._ids = ids
        self._loop = asyncio.get_running_loop()
        self.statistics = statistics
        self.note = note
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
                self._submit(Origin(exchange, routing, only, None, self._ids.next()), known)
                return
        client_id = exchange.read_id(self._limits)
        inference_id = client_id or self._ids.next()
        version = routing.version(version_name) if version_name else routing.choose(inference_id)
        try:
            parsed = exchange.read(version.reader)
        except RequestError as error:
            self.statistics.of(version.name).codes[error.code] += 1
            raise
        self._submit(Origin(exchange, routing, version, client_id, inference_id), parsed)

    def _submit(self, origin: "Origin", parsed: InferRequest) -> None:
        call = Call(parsed.inputs, parsed.rows, origin.exchange.deadline, self, origin, parsed)
        try:
            origin.version.batcher.submit(call, self._loop)
        except RequestError as error:
            self.statistics.of(origin.version.name).codes[error.code] += 1
            raise


@dataclass(slots=True)
class Origin:
    """Where a request comes from and who answers it.

    Attributes:
        exchange: where the answer goes.
        routing: the plan that was in force at arrival.
        version: the version that answers.
        client_id: the request's id, None when it had none.
        inference_id: the id that labels are joined by.
    """

    exchange: InferExchange
    routing: Routing
    version: ServedVersion
    client_id: str | None
    inference_id: str


@dataclass(slots=True)
class Call:
    """One infer request between its queue and its answer.

    Attributes:
        inputs: input name -> values.
        rows: rows in them.
        deadline: loop time after which nobody waits.
        owner: what all calls share.
        origin: who asked, and who answers.
        parsed: the request.
    """

    inputs: dict[str, Tensor]
    rows: int
    deadline: float
    owner: Inference
    origin: Origin
    parsed: InferRequest

    def succeed(self, results: Results) -> None:
        """Answer, then note the rows and offer them to shadow versions."""
        if self.origin.exchange.answered:
            return
        self.origin.exchange.reply(self._head(), self.parsed.outputs, results)
        answered = self._answered(results)
        latency = (time.time_ns() - answered.received_ns) * 1e-9
        self.owner.statistics.of(self.origin.version.name).answered(answered.rows, latency)
        self.owner.note(self.origin.version, answered)
        for version in self.origin.routing.shadows:
            self.owner.shadow.offer(version, answered)

    def fail(self, error: RequestError) -> None:
        """Answer with an error."""
        if not self.origin.exchange.answered:
            self.owner.statistics.of(self.origin.version.name).codes[error.code] += 1
            self.origin.exchange.fail(error)

    def _head(self) -> ResponseHead:
        made_up = self.origin.inference_id != self.origin.client_id
        return ResponseHead(
            model=self.origin.routing.plan.model,
            version=self.origin.version.name,
            id=self.origin.client_id,
            parameters={INFERENCE_ID: self.origin.inference_id} if made_up else {},
        )

    def _answered(self, results: Results) -> Answered:
        return Answered(
            id=self.origin.inference_id,
            inputs=self.parsed.inputs,
            results=results,
            rows=self.parsed.rows,
            size=self.origin.exchange.size,
            event_time=self.parsed.event_time,
            received_ns=self.origin.exchange.received_ns,
            revision_prefix=self.origin.routing.revision_prefix,
        )
