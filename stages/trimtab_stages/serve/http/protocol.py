"""HTTP/1.1 connections: httptools parses, this class bounds, orders and times."""

import asyncio
import contextlib
import time
from collections import deque

import httptools

from trimtab_stages.serve.errors import (
    InvalidRequestError,
    OverloadedError,
    RequestError,
    RequestTimeoutError,
    TooLargeError,
)
from trimtab_stages.serve.http.exchange import Application, Exchange, run_application
from trimtab_stages.serve.http.heads import KnownHeads
from trimtab_stages.serve.http.message import (
    HttpRequest,
    RequestHead,
    error_response,
    response_bytes,
)
from trimtab_stages.serve.settings import HttpLimits

LINGER_SECONDS = 2.0
"""Time for a refused client to read its answer before the connection is torn down."""

PIPELINED = 64
"""Most requests of one connection waiting for the one before them."""

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_KEPT = frozenset(
    {
        b"content-type",
        b"content-length",
        b"content-encoding",
        b"inference-header-content-length",
        b"traceparent",
        b"expect",
    }
)


class Connections:
    """What the connections of one port share.

    Attributes:
        application: answers requests.
        limits: bounds.
        heads: request heads that have been read before.
        open: all open connections.
        buffered_bytes: body bytes of unfinished requests.
        parting: each answer ends its connection, and says so: its client finds another pod.
        draining: idle connections are closed as well.
    """

    def __init__(self, application: Application, limits: HttpLimits) -> None:
        self.application = application
        self.limits = limits
        self.heads = KnownHeads()
        self.open: set[HttpConnection] = set()
        self.buffered_bytes = 0
        self.parting = False
        self.draining = False
        self._finished = asyncio.Event()

    def sweep(self, now: float) -> None:
        """Time out requests and connections; called about once a second with the loop's time."""
        for connection in tuple(self.open):
            connection.sweep(now)

    def note_finished(self) -> None:
        """Called when a request is over; wakes a shutdown that waits for the last one."""
        if self.draining and not self.in_flight:
            self._finished.set()

    async def drain(self, seconds: float) -> None:
        """Keep no connection alive, and wait at most `seconds` for the requests in flight."""
        self.parting = self.draining = True
        self.note_finished()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._finished.wait()

    @property
    def in_flight(self) -> int:
        """Requests without an answer."""
        return sum(connection.busy for connection in self.open)


class HttpConnection(asyncio.Protocol):
    """One client connection; requests are answered in their order."""

    def __init__(self, shared: Connections, loop: asyncio.AbstractEventLoop) -> None:
        self._shared = shared
        self._loop = loop
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpRequestParser(self)
        self._waiting: deque[Exchange] = deque()
        self._current: Exchange | None = None
        self._refusal: RequestError | None = None
        self._parsed: tuple[RequestHead, bytes, bytes | None] | None = None
        self._closing = False
        self._until = loop.time() + shared.limits.receive_seconds
        self._begin()

    @property
    def busy(self) -> bool:
        """Whether a request waits for its answer."""
        return self._current is not None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, or turn it away when there are too many."""
        self._transport = transport  # type: ignore[assignment] # create_server gives full transports
        self._shared.open.add(self)
        if len(self._shared.open) > self._shared.limits.connections:
            self._refuse(OverloadedError("too many connections; try again shortly"))

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget everything; answers that are still being made go nowhere."""
        del exc
        self._closing = True
        self._shared.open.discard(self)
        self._release()
        for exchange in (self._current, *self._waiting):
            if exchange is not None:
                exchange.leave()
                self._shared.buffered_bytes -= len(exchange.request.body)
        self._current = None
        self._waiting.clear()
        self._shared.note_finished()

    def data_received(self, data: bytes) -> None:
        """Parse what came."""
        if self._closing or self._refusal is not None:
            return
        fresh = not self._receiving and self._current is None
        if fresh:
            known = self._shared.heads.find(data)
            if known is not None and self._has_room(known[1]):
                self._shared.buffered_bytes += len(known[1])
                self._accept(known[0], known[1])
                return
        self._parsed = None
        if not self._head_done:
            self._head_bytes += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._note(InvalidRequestError("protocol upgrades are not supported"))
        except httptools.HttpParserError:
            self._note(InvalidRequestError("malformed HTTP request"))
        if not self._head_done and self._head_bytes > self._shared.limits.head_bytes:
            self._note(InvalidRequestError("headers are too large"))
        if self._refusal is not None and self._current is None:
            self._refuse(self._refusal)
        elif fresh and self._parsed is not None:
            self._shared.heads.remember(data, *self._parsed)

    def pause_writing(self) -> None:
        """Read no more requests from a client that does not read its answers."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume_writing(self) -> None:
        """Go on when the client has caught up."""
        if self._transport is not None:
            self._transport.resume_reading()

    def on_message_begin(self) -> None:
        """Start a request."""
        self._receiving = True
        self._until = self._loop.time() + self._shared.limits.receive_seconds

    def on_url(self, url: bytes) -> None:
        """Collect the request target."""
        self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep the few headers that matter."""
        self._header_count += 1
        lower = name.lower()
        if lower in _KEPT:
            self._headers[lower] = value

    def on_headers_complete(self) -> None:
        """Refuse what is too large before its body arrives."""
        self._head_done = True
        limits = self._shared.limits
        length = int(self._headers.get(b"content-length", b"0"))
        if self._header_count > limits.headers or len(self._target) > limits.head_bytes:
            self._refusal = InvalidRequestError("too many headers")
        elif length > limits.body_bytes:
            self._refusal = _too_large(limits)
        elif self._headers.get(b"expect", b"").lower() == b"100-continue" and self._transport:
            self._transport.write(_CONTINUE)

    def on_body(self, body: bytes) -> None:
        """Collect the body within the limits."""
        if self._refusal is not None:
            return
        self._body_bytes += len(body)
        self._shared.buffered_bytes += len(body)
        if self._body_bytes > self._shared.limits.body_bytes:
            self._refusal = _too_large(self._shared.limits)
        elif self._shared.buffered_bytes > self._shared.limits.buffered_bytes:
            self._refusal = OverloadedError("too much is being received; try again shortly")
        else:
            self._body.append(body)

    def on_message_complete(self) -> None:
        """Take the request that the parser has read."""
        if self._refusal is not None:
            return
        headers = self._headers
        head = RequestHead(
            method=self._parser.get_method(),
            target=self._target,
            content_type=headers.get(b"content-type", b""),
            content_encoding=headers.get(b"content-encoding", b""),
            header_length=headers.get(b"inference-header-content-length", b""),
            traceparent=headers.get(b"traceparent", b""),
            keep_alive=self._parser.should_keep_alive(),
        )
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        if b"expect" not in headers:
            self._parsed = (head, body, headers.get(b"content-length"))
        self._begin()
        self._accept(head, body)

    def _has_room(self, body: bytes) -> bool:
        return self._shared.buffered_bytes + len(body) <= self._shared.limits.buffered_bytes

    def _accept(self, head: RequestHead, body: bytes) -> None:
        """Hand a request on, or queue it behind the one before it."""
        shared = self._shared
        keep_alive = head.keep_alive and not shared.parting
        request = HttpRequest(head, body, time.time_ns(), keep_alive)
        now = self._loop.time()
        self._until = now + shared.limits.idle_seconds
        exchange = Exchange(self, request, now + shared.limits.answer_seconds)
        if self._current is None:
            self._current = exchange
            run_application(shared.application, exchange)
        elif len(self._waiting) < PIPELINED:
            self._waiting.append(exchange)
        else:
            shared.buffered_bytes -= len(body)
            self._refusal = InvalidRequestError("too many pipelined requests")

    def finish(self, exchange: Exchange, data: bytes, *, keep_alive: bool) -> None:
        """Write an answer and go on with the connection's next request."""
        self._shared.buffered_bytes -= len(exchange.request.body)
        self._current = None
        self._shared.note_finished()
        if self._transport is None or self._closing:
            return
        self._transport.write(data)
        if not keep_alive:
            self.close()
        elif self._waiting:
            self._current = self._waiting.popleft()
            self._loop.call_soon(run_application, self._shared.application, self._current)
        elif self._refusal is not None:
            self._refuse(self._refusal)

    def sweep(self, now: float) -> None:
        """Time out a slow answer, a slow client, an idle or a lingering connection."""
        if self._current is not None and not self._closing:
            if now > self._current.deadline:
                self._current.expire()
        elif self._closing or not self._receiving:
            if now > self._until or self._shared.draining:
                self.close()
        elif now > self._until:
            self._refuse(RequestTimeoutError("the request did not arrive in time"))

    def _begin(self) -> None:
        self._receiving = False
        self._target = b""
        self._headers: dict[bytes, bytes] = {}
        self._header_count = 0
        self._head_bytes = 0
        self._head_done = False
        self._body: list[bytes] = []
        self._body_bytes = 0

    def _note(self, error: RequestError) -> None:
        """Remember the first fault; parser callbacks may have found one already."""
        self._refusal = self._refusal or error

    def _release(self) -> None:
        self._shared.buffered_bytes -= self._body_bytes
        self._body_bytes = 0
        self._body = []

    def _refuse(self, error: RequestError) -> None:
        """Answer a request that is not read to its end, and stop listening to its sender."""
        if self._closing or self._transport is None:
            return
        self._closing = True
        self._release()
        self._until = self._loop.time() + LINGER_SECONDS
        self._transport.write(
            response_bytes(error_response(error), keep_alive=False, with_body=True)
        )

    def close(self) -> None:
        """Close the connection after what is already written."""
        self._closing = True
        if self._transport is not None:
            self._transport.close()


def _too_large(limits: HttpLimits) -> TooLargeError:
    return TooLargeError(f"the body is over {limits.body_bytes} bytes; send fewer rows at once")
