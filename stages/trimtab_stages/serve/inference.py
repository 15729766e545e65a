"""Infer requests, from bytes to the answer and to what is left behind."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from trimtab_stages.serve.errors import RequestError
from trimtab_stages.serve.http.content import read_body, read_header_length
from trimtab_stages.serve.http.exchange import Exchange
from trimtab_stages.serve.http.message import BINARY_MEDIA, HttpResponse
from trimtab_stages.serve.model.batcher import Results
from trimtab_stages.serve.observe.batch import Answered
from trimtab_stages.serve.oip.request import read_document, read_id
from trimtab_stages.serve.oip.response import ResponseHead, encode_response
from trimtab_stages.serve.oip.tensors import InferRequest, Limits, Tensor
from trimtab_stages.serve.plan.routing import Routing
from trimtab_stages.serve.plan.version import ServedVersion
from trimtab_stages.serve.settings import HttpLimits
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


class Inference:
    """Answers infer requests.

    Attributes:
        statistics: counters.
        note: takes answered rows.
        shadow: takes answered rows that shadow versions shall score.
        body_limit: most bytes of an inflated body.
    """

    def __init__(
        self,
        limits: tuple[HttpLimits, Limits],
        ids: IdSource,
        note: Note,
        shadow: ShadowQueue,
        statistics: Statistics,
    ) -> None:
        http_limits, self._limits = limits
        self.body_limit = http_limits.body_bytes
        self._ids = ids
        self._loop = asyncio.get_running_loop()
        self.statistics = statistics
        self.note = note
        self.shadow = shadow

    def start(self, exchange: Exchange, routing: Routing, version_name: str | None) -> None:
        """Read a request and queue it; the answer follows in this turn of the loop or later.

        Raises:
            RequestError: the request is refused.
        """
        request = exchange.request
        header_length = read_header_length(request)
        body = read_body(request, self.body_limit)
        only = routing.only
        if header_length is not None and only is not None and version_name is None:
            known = only.reader.read_known(body, header_length)
            if known is not None:
                self._submit(Origin(exchange, routing, only, None, self._ids.next()), known)
                return
        document = read_document(body, header_length)
        client_id = read_id(document, self._limits)
        inference_id = client_id or self._ids.next()
        version = routing.version(version_name) if version_name else routing.choose(inference_id)
        try:
            parsed = version.reader.read(document, body, header_length)
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

    exchange: Exchange
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
        self.origin.exchange.answer(self._response(results))
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

    def _response(self, results: Results) -> HttpResponse:
        made_up = self.origin.inference_id != self.origin.client_id
        head = ResponseHead(
            model=self.origin.routing.plan.model,
            version=self.origin.version.name,
            id=self.origin.client_id,
            parameters={INFERENCE_ID: self.origin.inference_id} if made_up else {},
        )
        encoded = encode_response(head, self.parsed.outputs, results)
        if encoded.header_length is None:
            return HttpResponse(200, encoded.body)
        length = b"inference-header-content-length: %d\r\n" % encoded.header_length
        return HttpResponse(200, encoded.body, BINARY_MEDIA, length)

    def _answered(self, results: Results) -> Answered:
        return Answered(
            id=self.origin.inference_id,
            inputs=self.parsed.inputs,
            results=results,
            rows=self.parsed.rows,
            size=len(self.origin.exchange.request.body),
            event_time=self.parsed.event_time,
            received_ns=self.origin.exchange.request.received_ns,
            revision_prefix=self.origin.routing.revision_prefix,
        )
