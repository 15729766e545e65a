"""Requests and responses as values."""

from dataclasses import dataclass
from http import HTTPStatus

import orjson

from trimtab_stages.serve.errors import (
    RETRY_AFTER_SECONDS,
    MethodNotAllowedError,
    NotReadyError,
    OverloadedError,
    RequestError,
)

JSON_MEDIA = b"application/json"
BINARY_MEDIA = b"application/octet-stream"


@dataclass(frozen=True, slots=True)
class RequestHead:
    """What a request says before its body, as far as anybody asks.

    Attributes:
        method: GET, POST, ...
        target: request target as sent, path and query.
        content_type: `Content-Type`, empty when absent.
        content_encoding: `Content-Encoding`, empty when absent.
        header_length: `Inference-Header-Content-Length`, empty when absent.
        traceparent: W3C trace context, empty when absent.
        keep_alive: whether the client will use the connection again.
    """

    method: bytes
    target: bytes
    content_type: bytes = b""
    content_encoding: bytes = b""
    header_length: bytes = b""
    traceparent: bytes = b""
    keep_alive: bool = True


@dataclass(slots=True)
class HttpRequest:
    """One request, complete.

    Attributes:
        head: what it says before its body.
        body: the body as sent, maybe compressed.
        received_ns: arrival of its last byte, nanoseconds since 1970, UTC.
        keep_alive: whether the connection stays open behind it.
    """

    head: RequestHead
    body: bytes
    received_ns: int
    keep_alive: bool


@dataclass(slots=True)
class HttpResponse:
    """One response.

    Attributes:
        status: HTTP status code.
        body: the body.
        media: its content type.
        headers: further header lines, each ending in CRLF.
    """

    status: int
    body: bytes = b""
    media: bytes = JSON_MEDIA
    headers: bytes = b""


_STATUS_LINES = {
    int(status): f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus
}


def response_bytes(
    response: HttpResponse, *, keep_alive: bool, with_body: bool, traceparent: bytes = b""
) -> bytes:
    """Return a response as it goes over the wire.

    Args:
        response: what to say.
        keep_alive: whether the connection stays open.
        with_body: False for HEAD, whose response has the length but no body.
        traceparent: trace context to give back, empty for none.
    """
    trace = b"traceparent: %b\r\n" % traceparent if traceparent else b""
    return b"%bcontent-type: %b\r\ncontent-length: %d\r\n%b%b%b\r\n%b" % (
        _STATUS_LINES[response.status],
        response.media,
        len(response.body),
        response.headers,
        trace,
        b"" if keep_alive else b"connection: close\r\n",
        response.body if with_body else b"",
    )


def json_response(status: int, document: object) -> HttpResponse:
    """Return a JSON response."""
    return HttpResponse(status, orjson.dumps(document))


def error_response(error: RequestError) -> HttpResponse:
    """Return `{"error": message}` with the error's status and the headers that belong to it."""
    headers = b""
    if isinstance(error, MethodNotAllowedError):
        headers = f"allow: {error.allow}\r\n".encode()
    elif isinstance(error, NotReadyError | OverloadedError):
        headers = b"retry-after: %d\r\n" % RETRY_AFTER_SECONDS
    return HttpResponse(error.status, orjson.dumps({"error": error.message}), headers=headers)
