"""Content type, encoding and header length."""

import gzip
import zlib

import pytest

from trimtab_stages.serve.errors import (
    InvalidRequestError,
    RequestError,
    TooLargeError,
    UnsupportedMediaError,
)
from trimtab_stages.serve.http.content import read_body, read_header_length
from trimtab_stages.serve.http.message import HttpRequest, RequestHead

LIMIT = 1000


def request(
    body: bytes = b"", *, media: bytes = b"", encoding: bytes = b"", length: bytes = b""
) -> HttpRequest:
    head = RequestHead(b"POST", b"/v2", media, encoding, length)
    return HttpRequest(head, body, received_ns=0, keep_alive=True)


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        (b"", b"abc"),
        (b"identity", b"abc"),
        pytest.param(b"gzip", gzip.compress(b"abc"), id="gzip"),
        pytest.param(b"GZIP", gzip.compress(b"abc"), id="GZIP"),
        (b"deflate", zlib.compress(b"abc")),
    ],
)
def test_bodies_are_inflated(encoding: bytes, body: bytes) -> None:
    assert read_body(request(body, encoding=encoding), LIMIT) == b"abc"


@pytest.mark.parametrize(
    ("encoding", "body", "error"),
    [
        pytest.param(b"br", b"abc", UnsupportedMediaError, id="unknown encoding"),
        pytest.param(b"gzip", b"abc", InvalidRequestError, id="not gzip"),
        pytest.param(b"gzip", gzip.compress(b"abc")[:-4], InvalidRequestError, id="torn gzip"),
        pytest.param(b"gzip", gzip.compress(b"abc") + b"z", InvalidRequestError, id="trailing"),
        pytest.param(b"gzip", gzip.compress(bytes(10**6)), TooLargeError, id="gzip bomb"),
    ],
)
def test_bodies_are_refused(encoding: bytes, body: bytes, error: type[RequestError]) -> None:
    with pytest.raises(error):
        read_body(request(body, encoding=encoding), LIMIT)


@pytest.mark.parametrize(
    ("media", "length", "expected"),
    [
        (b"", b"", None),
        (b"application/json", b"", None),
        (b"Application/JSON; charset=utf-8", b"", None),
        (b"application/octet-stream", b"12", 12),
        (b"", b" 0 ", 0),
    ],
)
def test_header_lengths(media: bytes, length: bytes, expected: int | None) -> None:
    assert read_header_length(request(media=media, length=length)) == expected


@pytest.mark.parametrize("length", [b"+5", b"-1", b"1_0", b"0x10", b"1e3", b"9" * 13, b"a"])
def test_header_lengths_that_are_no_numbers(length: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        read_header_length(request(length=length))


@pytest.mark.parametrize(
    ("media", "length"),
    [
        (b"application/x-www-form-urlencoded", b""),
        (b"text/plain", b""),
        (b"application/octet-stream", b""),
        (b"multipart/form-data", b"5"),
    ],
)
def test_content_types_that_are_not_read(media: bytes, length: bytes) -> None:
    with pytest.raises(UnsupportedMediaError):
        read_header_length(request(media=media, length=length))
