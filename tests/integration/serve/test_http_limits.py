"""Connections and their limits, over real sockets and an application that answers as told."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from trimtab_stages.serve.http.exchange import Exchange
from trimtab_stages.serve.http.listener import HttpListener
from trimtab_stages.serve.http.message import HttpResponse
from trimtab_stages.serve.settings import HttpLimits

pytestmark = pytest.mark.integration

GET = b"GET /now HTTP/1.1\r\nhost: a\r\n\r\n"
NEVER = b"GET /never HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST /now HTTP/1.1\r\nhost: a\r\n"
PATIENCE = 15.0


def application(exchange: Exchange) -> None:
    """Answer /now with the length of the body, /fault with an exception, /never never."""
    match exchange.request.head.target:
        case b"/now":
            exchange.answer(HttpResponse(200, b"%d" % len(exchange.request.body)))
        case b"/fault":
            raise RuntimeError("secret detail")
        case _:
            pass


@dataclass
class Client:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self) -> tuple[int, bytes]:
        """Return status and body of the next response."""
        async with asyncio.timeout(PATIENCE):
            head = await self.reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b": ", 1) for line in head.split(b"\r\n")[1:-2])
            body = await self.reader.readexactly(int(fields.get(b"content-length", b"0")))
        return int(head.split(b" ")[1]), body

    async def closed(self) -> bool:
        """Wait for the server to close, and tell whether it said nothing more."""
        async with asyncio.timeout(PATIENCE):
            return await self.reader.read() == b""


async def until(probe: Callable[[], bool]) -> None:
    """Let the listener work until it is in a state."""
    async with asyncio.timeout(PATIENCE):
        while not probe():  # noqa: ASYNC110 - the listener reports no arrivals
            await asyncio.sleep(0.005)


Scene = Callable[[HttpListener], Awaitable[None]]


def play(scene: Scene, **limits: float) -> None:
    """Run a scene against a listener with these limits."""

    async def main() -> None:
        listener = HttpListener(application, HttpLimits(**limits))  # type: ignore[arg-type] # integers are floats too
        await listener.start("127.0.0.1", 0)
        try:
            await scene(listener)
        finally:
            await listener.drain(0.0)

    asyncio.run(main())


@asynccontextmanager
async def client(listener: HttpListener) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


def test_a_connection_is_kept_and_used_again() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            for _ in range(3):
                await one.send(GET)
                assert await one.answer() == (200, b"0")

    play(scene)


def test_a_head_sent_again_is_read_the_same_whole_in_pieces_and_pipelined() -> None:
    head = POST + b"content-length: 3\r\n\r\n"

    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            for _ in range(3):
                await one.send(head + b"abc")
                assert await one.answer() == (200, b"3")
            await one.send(head + b"a")
            await until(lambda: listener.connections.buffered_bytes == 1)
            await one.send(b"bc" + head + b"abc" + head + b"abc")
            assert [await one.answer() for _ in range(3)] == [(200, b"3")] * 3
            await one.send(head + b"abcnonsense\r\n\r\n")
            assert [(await one.answer())[0] for _ in range(2)] == [200, 400]
        await until(lambda: listener.connections.buffered_bytes == 0)

    play(scene)


def test_an_answer_that_is_too_late_is_a_504_and_the_connection_goes_on() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            await one.send(NEVER)
            assert (await one.answer())[0] == 504
            await one.send(GET)
            assert (await one.answer())[0] == 200

    play(scene, answer_seconds=0.1)


@pytest.mark.parametrize(
    "begin",
    [b"GET /now HT", POST + b"content-length: 10\r\n\r\nabc"],
    ids=["half a head", "half a body"],
)
def test_a_client_that_is_too_slow_is_a_408(begin: bytes) -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            await one.send(begin)
            assert (await one.answer())[0] == 408
            assert await one.closed()

    play(scene, receive_seconds=0.1)


def test_an_idle_connection_is_closed_without_a_word() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            await one.send(GET)
            await one.answer()
            assert await one.closed()

    play(scene, idle_seconds=0.1)


def test_one_connection_too_many_is_a_503() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as first, client(listener) as second:
            await first.send(GET)
            assert (await first.answer())[0] == 200
            assert (await second.answer())[0] == 503

    play(scene, connections=1)


@pytest.mark.parametrize(
    ("wire", "status"),
    [
        pytest.param(b"GET /now HTTP/1.1\r\nx: " + b"y" * 2000, 400, id="head too long"),
        pytest.param(
            b"GET /now HTTP/1.1\r\n" + b"a: b\r\n" * 20 + b"\r\n", 400, id="too many headers"
        ),
        pytest.param(POST + b"content-length: 101\r\n\r\n", 413, id="announced body too long"),
        pytest.param(
            POST + b"transfer-encoding: chunked\r\n\r\n65\r\n" + bytes(101) + b"\r\n",
            413,
            id="chunked body too long",
        ),
        pytest.param(
            POST + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n", 400, id="smuggling"
        ),
        pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, id="HTTP/2 preface"),
        pytest.param(b"\x16\x03\x01\x02\x00\x01\x00\x01", 400, id="TLS"),
        pytest.param(b"GET /fault HTTP/1.1\r\nhost: a\r\n\r\n", 500, id="fault of the program"),
    ],
)
def test_what_cannot_be_served_has_a_status(wire: bytes, status: int) -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            await one.send(wire)
            found, body = await one.answer()
            assert found == status
            assert body.startswith(b'{"error":')
            assert b"secret" not in body

    play(scene, head_bytes=1000, headers=16, body_bytes=100)


def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            await one.send(POST + b"expect: 100-continue\r\ncontent-length: 3\r\n\r\n")
            assert (await one.answer())[0] == 100
            await one.send(b"abc")
            assert await one.answer() == (200, b"3")

    play(scene)


def test_a_bad_request_behind_a_good_one_is_answered_after_it() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one:
            await one.send(GET + b"nonsense\r\n\r\n")
            assert (await one.answer())[0] == 200
            assert (await one.answer())[0] == 400

    play(scene)


def test_bodies_of_unfinished_requests_are_bounded_together_and_given_back() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as first, client(listener) as second:
            await first.send(POST + b"content-length: 90\r\n\r\n" + bytes(60))
            await until(lambda: listener.connections.buffered_bytes == 60)
            await second.send(POST + b"content-length: 90\r\n\r\n" + bytes(60))
            assert (await second.answer())[0] == 503
            await first.send(bytes(30))
            assert await first.answer() == (200, b"90")
            async with client(listener) as third, client(listener) as fourth:
                known = POST + b"content-length: 90\r\n\r\n" + bytes(90)
                await fourth.send(known)
                assert await fourth.answer() == (200, b"90")
                await third.send(POST + b"content-length: 90\r\n\r\n" + bytes(60))
                await until(lambda: listener.connections.buffered_bytes == 60)
                await fourth.send(known)
                assert (await fourth.answer())[0] == 503, "a known head has no more room"
                await third.send(bytes(30))
                assert await third.answer() == (200, b"90")
        await until(lambda: listener.connections.buffered_bytes == 0)

    play(scene, body_bytes=100, buffered_bytes=100)


def test_who_asks_a_parting_server_is_answered_and_told_to_go() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as kept, client(listener) as idle:
            await kept.send(GET)
            assert await kept.answer() == (200, b"0")
            listener.part()
            await kept.send(GET)
            assert await kept.answer() == (200, b"0")
            assert await kept.closed()
            async with client(listener) as fresh:
                await fresh.send(GET)
                assert await fresh.answer() == (200, b"0")
                assert await fresh.closed()
            await idle.send(GET)
            assert await idle.answer() == (200, b"0"), "an idle connection is not cut off"

    play(scene)


def test_draining_finishes_what_is_in_flight() -> None:
    async def scene(listener: HttpListener) -> None:
        async with client(listener) as one, client(listener) as idle:
            await one.send(NEVER)
            await until(lambda: listener.connections.in_flight == 1)
            draining = asyncio.create_task(listener.drain(PATIENCE))
            assert (await one.answer())[0] == 504
            await draining
            assert await one.closed()
            assert await idle.closed()

    play(scene, answer_seconds=0.2)
