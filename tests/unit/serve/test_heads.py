"""Request heads that are read once: what is found again, and what never is."""

import pytest

from trimtab_stages.serve.http.heads import KNOWN_HEAD_BYTES, KNOWN_HEADS, KnownHeads
from trimtab_stages.serve.http.message import RequestHead

HEAD = RequestHead(b"POST", b"/v2")
WIRE = b"POST /v2 HTTP/1.1\r\ncontent-length: 3\r\n\r\n"


def test_the_same_head_is_found_with_each_body() -> None:
    heads = KnownHeads()
    assert heads.find(WIRE + b"abc") is None
    heads.remember(WIRE + b"abc", HEAD, b"abc", b"3")

    assert heads.find(WIRE + b"xyz") == (HEAD, b"xyz")


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WIRE + b"ab", id="part of a body"),
        pytest.param(WIRE + b"abcPOST", id="the next request follows"),
        pytest.param(WIRE[:-2], id="part of a head"),
        pytest.param(b"", id="nothing"),
        pytest.param(WIRE.replace(b"/v2", b"/v3") + b"abc", id="another target"),
        pytest.param(b"\r\n" + WIRE + b"abc", id="an empty line before"),
    ],
)
def test_anything_else_is_left_to_the_parser(data: bytes) -> None:
    heads = KnownHeads()
    heads.remember(WIRE + b"abc", HEAD, b"abc", b"3")

    assert heads.find(data) is None


@pytest.mark.parametrize(
    ("data", "head", "body", "length"),
    [
        pytest.param(
            WIRE + b"abc", RequestHead(b"POST", b"/v2", keep_alive=False), b"abc", b"3", id="close"
        ),
        pytest.param(
            WIRE + b"abc",
            RequestHead(b"POST", b"/v2", traceparent=b"00-1"),
            b"abc",
            b"3",
            id="a trace, new each time",
        ),
        pytest.param(
            b"POST /v2 HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            HEAD,
            b"abc",
            None,
            id="chunks",
        ),
        pytest.param(WIRE + b"abc" + WIRE + b"xyz", HEAD, b"xyz", b"3", id="two requests"),
        pytest.param(b"c\r\n\r\n", HEAD, b"c\r\n\r\n", b"5", id="the end of a body"),
        pytest.param(
            b"POST /v2 HTTP/1.1\r\na: %b\r\n\r\n" % bytes(KNOWN_HEAD_BYTES),
            HEAD,
            b"",
            None,
            id="long",
        ),
    ],
)
def test_only_whole_requests_framed_by_their_length_are_remembered(
    data: bytes, head: RequestHead, body: bytes, length: bytes | None
) -> None:
    heads = KnownHeads()
    heads.remember(data, head, body, length)

    assert heads.find(data) is None


def test_the_memory_is_bounded() -> None:
    heads = KnownHeads()
    wires = [b"GET /%d HTTP/1.1\r\n\r\n" % number for number in range(3 * KNOWN_HEADS)]
    for wire in wires:
        heads.remember(wire, RequestHead(b"GET", wire.split()[1]), b"", None)

    assert sum(heads.find(wire) is not None for wire in wires) <= KNOWN_HEADS
    assert heads.find(wires[-1]) is not None
