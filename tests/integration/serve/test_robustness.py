"""Malformed input of every kind: only 4xx, the process lives, its memory comes back."""

import random
import socket
from collections.abc import Callable, Iterator
from itertools import islice

import orjson
import pytest

from support.serving import ServerProcess
from support.waiting import wait_until

pytestmark = pytest.mark.integration

REQUESTS = 1000
MEBIBYTE = 1 << 20
GOOD = orjson.dumps(
    {"inputs": [{"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}]}
)


def mutated_body(chance: random.Random) -> bytes:
    """Return the good body with a few bytes changed; it may happen to be good still."""
    body = bytearray(GOOD)
    for _ in range(chance.randint(1, 6)):
        place = chance.randrange(len(body))
        match chance.randrange(4):
            case 0:
                body[place] = chance.randrange(256)
            case 1:
                del body[place : place + chance.randint(1, 20)]
            case 2:
                body[place:place] = chance.randbytes(chance.randint(1, 20))
            case _:
                body[place:place] = b"[" * chance.randint(1, 300)
    return bytes(body)


def is_good(body: bytes) -> bool:
    """True when only the numbers were changed, into other numbers, or white space was added."""
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False
    match document:
        case {
            "inputs": [
                {"name": "features", "shape": [1, 4], "datatype": "FP32", "data": [*data]},
            ]
        }:
            return len(data) == 4 and {type(value) for value in data} <= {int, float}
        case _:
            return False


HEAD = b"POST /v2/models/m/infer HTTP/1.1\r\nhost: a\r\n"

FORMS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    # A method begins with a letter, and empty lines before it are no fault.
    lambda chance, _: b"\0" + chance.randbytes(chance.randint(1, 400)) + b"\r\n\r\n",
    lambda _, body: HEAD + b"content-length: 5x\r\n\r\n" + body,
    lambda _, body: HEAD + b"x" * 20_000 + b"\r\n\r\n" + body,
    lambda chance, body: with_length(
        b"inference-header-content-length: %d\r\n" % chance.randint(-5, 200), body
    ),
    lambda chance, _: b"GET /v2/%%2e%%2e/%d%%zz HTTP/1.1\r\n\r\n" % chance.randrange(100),
    lambda _, body: HEAD + b"transfer-encoding: chunked\r\n\r\nZZ\r\n" + body,
    lambda _, body: with_length(b"content-encoding: gzip\r\n", body),
    lambda _, body: with_length(b"", body),
)


def with_length(headers: bytes, body: bytes) -> bytes:
    return HEAD + headers + b"content-length: %d\r\n\r\n%b" % (len(body), body)


def malformed(chance: random.Random) -> Iterator[bytes]:
    """Yield the bytes of one connection after the other; none of them is a good request."""
    while True:
        body = mutated_body(chance)
        if not is_good(body):
            yield chance.choice(FORMS)(chance, body)


def exchange(server: ServerProcess, wire: bytes) -> int:
    """Send bytes and return the first answer's status; 0 without an answer."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        connection.sendall(wire)
        answer = connection.recv(4096)
    return int(answer.split(b" ", 2)[1]) if answer else 0


def test_a_thousand_malformed_requests(server: ServerProcess) -> None:
    wires = malformed(random.Random(20261122))  # noqa: S311 - a repeatable test, not a secret
    assert server.send("POST", "/v2/models/m/infer", GOOD).status == 200
    for wire in islice(wires, 100):
        exchange(server, wire)
    before = server.rss()
    answers = [(exchange(server, wire), wire) for wire in islice(wires, REQUESTS)]

    assert server.process.poll() is None
    assert len(answers) == REQUESTS
    assert [answer for answer in answers if not 400 <= answer[0] < 500] == []
    assert server.rss() - before < 16 * MEBIBYTE
    assert server.send("POST", "/v2/models/m/infer", GOOD).status == 200


def test_mutations_that_count_as_good_are_answered(server: ServerProcess) -> None:
    chance = random.Random(20261122)  # noqa: S311 - a repeatable test, not a secret
    good = [body for body in (mutated_body(chance) for _ in range(20 * REQUESTS)) if is_good(body)]
    assert good
    assert {exchange(server, with_length(b"", body)) for body in good} == {200}


def test_large_requests_leave_no_memory_behind(server: ServerProcess) -> None:
    rows = 30_000
    header = orjson.dumps(
        {
            "inputs": [
                {
                    "name": "features",
                    "shape": [rows, 4],
                    "datatype": "FP32",
                    "parameters": {"binary_data_size": rows * 16},
                }
            ],
            "parameters": {"binary_data_output": True},
        }
    )
    headers = {"inference-header-content-length": str(len(header))}

    def send() -> int:
        body = header + bytes(rows * 16)
        return server.send("POST", "/v2/models/m/infer", body, headers).status

    # The allocator keeps what the records of a flush interval need: that level is reached first.
    assert {send() for _ in range(200)} == {200}
    before = server.rss()
    # What these bring is twice the limit: if they left it behind, it would be seen.
    assert {send() for _ in range(200)} == {200}
    # Records of the last ones may still wait for the store.
    wait_until(lambda: server.rss() - before < 48 * MEBIBYTE, 30, what="memory is given back")


def test_clients_that_leave_in_the_middle_cost_nothing(server: ServerProcess) -> None:
    wire = b"POST /v2/models/m/infer HTTP/1.1\r\nhost: a\r\ncontent-length: %d\r\n\r\n" % len(GOOD)
    for end in range(0, len(wire), 5):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(wire[:end] + b"")
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
            connection.sendall(wire + GOOD)

    assert server.send("POST", "/v2/models/m/infer", GOOD).status == 200
    metrics = server.send("GET", "/metrics", admin=True).body.decode()
    assert "trimtab_inference_inflight_requests 0.0" in metrics
