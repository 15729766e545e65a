"""What the demo's client asks and labels is sent once, and each failure is counted and told."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from replay.player import Player
from replay.streams import Stream

ONE = np.zeros(1, np.int64)
STREAM = Stream("rides", (), ONE, np.zeros((1, 2), np.float32), ONE, np.arange(2), 0)

Service = Callable[[list[str]], AbstractContextManager[str]]


@contextmanager
def answering(status: int | None, seen: list[str]) -> Iterator[str]:
    """Answer every request so, or hang up; yield `host:port`."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.path.rpartition("/")[2])
            if status is not None:
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = Thread(target=server.serve_forever, args=[0.001])
        thread.start()
        yield f"127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@contextmanager
def nobody(_: list[str]) -> Iterator[str]:
    """Yield an address that is bound and refuses connections."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"127.0.0.1:{bound.getsockname()[1]}"


@pytest.mark.parametrize(
    ("service", "sent"),
    [
        pytest.param(lambda seen: answering(503, seen), ["infer", "feedback"], id="refused"),
        pytest.param(lambda seen: answering(307, seen), ["infer", "feedback"], id="sent elsewhere"),
        pytest.param(lambda seen: answering(None, seen), ["infer", "feedback"], id="cut off"),
        pytest.param(nobody, [], id="nobody there"),
    ],
)
def test_what_fails_is_told_and_not_tried_again(service: Service, sent: list[str]) -> None:
    seen: list[str] = []
    told: list[str] = []
    with service(seen) as address:
        player = Player(STREAM, "bikes", address, 0, tell=told.append)
        player.send(ONE)
        player.close()

    assert seen == sent
    assert (player.played.asked, player.played.labelled, player.played.failed) == (1, 1, 2)
    assert not any("Max retries" in line for line in told)
    assert [line.split(" failed: ")[0] for line in told] == ["request rides-0", "labels rides-0"]
