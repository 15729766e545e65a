"""One request and its one answer."""

import logging
import re
import time
from collections.abc import Callable
from typing import Protocol

from trimtab_stages.serve.departure import departure
from trimtab_stages.serve.errors import DeadlineExceededError, InferenceFailedError, RequestError
from trimtab_stages.serve.http.message import (
    HttpRequest,
    HttpResponse,
    error_response,
    response_bytes,
)

LOG = logging.getLogger(__name__)

_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


class Wire(Protocol):
    """The connection, as far as an answer needs it."""

    def finish(self, exchange: "Exchange", data: bytes, *, keep_alive: bool) -> None:
        """Write an answer and go on with the connection's next request."""
        ...


class Exchange:
    """Takes exactly one answer; later ones (a run that ends after its deadline) are dropped.

    Attributes:
        request: the request.
        deadline: loop time at which the client is told that it took too long.
        answered: whether the answer is out.
        on_lost: told when nobody waits for the answer any more, and why.
    """

    __slots__ = ("_wire", "answered", "deadline", "on_lost", "request")

    def __init__(self, wire: Wire, request: HttpRequest, deadline: float) -> None:
        self._wire = wire
        self.request = request
        self.deadline = deadline
        self.answered = False
        self.on_lost: Callable[[RequestError], None] | None = None

    def answer(self, response: HttpResponse) -> None:
        """Send the response."""
        if self.answered:
            return
        self.answered = True
        self.on_lost = None
        request = self.request
        trace = request.head.traceparent
        data = response_bytes(
            response,
            keep_alive=request.keep_alive,
            with_body=request.head.method != b"HEAD",
            traceparent=trace if trace and _TRACEPARENT.fullmatch(trace) else b"",
        )
        self._wire.finish(self, data, keep_alive=request.keep_alive)

    def fail(self, error: RequestError) -> None:
        """Send the error's response."""
        self.answer(error_response(error))

    def expire(self) -> None:
        """Send that the deadline has passed, and tell whoever was to answer."""
        error = DeadlineExceededError("the answer was not ready within the time limit")
        on_lost = self.on_lost
        self.fail(error)
        if on_lost is not None:
            on_lost(error)

    def leave(self) -> None:
        """Drop the answer, for the client has gone, and tell whoever was to give it."""
        self.answered = True
        on_lost, self.on_lost = self.on_lost, None
        if on_lost is not None:
            on_lost(departure((time.time_ns() - self.request.received_ns) * 1e-9))


Application = Callable[[Exchange], None]
"""Answers an exchange, now or later; raises `RequestError` for an answer with its status."""


def run_application(application: Application, exchange: Exchange) -> None:
    """Call the application; whatever it raises becomes the answer."""
    try:
        application(exchange)
    except RequestError as error:
        exchange.fail(error)
    except Exception:
        LOG.exception("request failed")
        exchange.fail(InferenceFailedError("internal error; the server's log has the trace"))
