"""What the demo's client asks and labels is sent once, and each failure is counted and told."""

import json
import socket
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import numpy as np
import pytest

from replay.asker import asking, late_row
from replay.player import Player
from replay.streams import Stream

ONE = np.zeros(1, np.int64)
STREAM = Stream("rides", (), ONE, np.zeros((1, 2), np.float32), ONE, np.arange(2), 0)

Service = Callable[[list[str]], AbstractContextManager[str]]


@contextmanager
def answering(status: int | None, seen: list[str], body: bytes = b"") -> Iterator[str]:
    """Answer every request so, or hang up; yield `host:port`."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            seen.append(self.path.rpartition("/")[2])
            if status is not None:
                self.send_response(status)
                self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

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


def test_what_is_not_answered_in_time_has_failed() -> None:
    told: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        player = Player(STREAM, "bikes", address, 0, tell=told.append, seconds=0.05)
        player.send(ONE)
        player.close()

    assert player.played.failed == len(told) == 2


@pytest.mark.parametrize(
    ("status", "failed", "answers"),
    [
        pytest.param(200, False, {"v1"}, id="answered"),
        pytest.param(503, True, set(), id="refused"),
        pytest.param(None, True, set(), id="cut off"),
    ],
)
def test_a_second_client_asks_at_least_once_and_its_failures_count(
    status: int | None, answers: set[str], *, failed: bool
) -> None:
    seen: list[str] = []
    told: list[str] = []
    found: Counter[str] = Counter()
    with answering(status, seen, b'{"model_version": "v1"}') as address:
        player = Player(STREAM, "bikes", address, 0, tell=told.append)
        with asking(player, 0, found):
            pass
        player.close()

    asked = player.played.asked
    assert seen == ["infer"] * asked
    assert asked >= 1
    assert {*found} == answers
    assert player.played.failed == len(told) == (asked if failed else 0)
    assert player.played.decided.tolist() == [-1]


def test_the_row_of_the_second_client_is_the_first_of_its_window_that_json_can_tell() -> None:
    inputs = np.array([[0, 1], [np.nan, 1], [2, 3], [4, 5]], np.float32)
    times, edges = np.array([5, 10, 20, 30]), np.array([5, 10, 40])
    stream = replace(STREAM, time_ns=times, inputs=inputs, edges_ns=edges)

    body = json.loads(late_row(stream, 1))

    assert body["inputs"][0]["data"] == [2.0, 3.0]
    assert body["parameters"] == {"event_time": 20}


def test_a_play_stands_still_between_two_requests_and_holds_no_turn() -> None:
    rows = np.arange(4)
    stream = replace(STREAM, time_ns=rows, inputs=np.zeros((4, 2), np.float32), truth=rows)
    seen: list[str] = []
    with answering(503, seen) as address:
        player = Player(stream, "bikes", address, 0, batch=2, tell=lambda _: None)
        with player.pausing_before(3) as pause:
            playing = Thread(target=player.send, args=[rows])
            playing.start()
            assert pause.reached.wait(10)
            with player.turn:
                asked = list(seen)
            pause.over.set()
            playing.join()
        player.close()

    assert asked == ["infer", "feedback"]
    assert seen == asked * 2
