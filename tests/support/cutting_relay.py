"""A relay in front of a real server that breaks connections off in the midst of an answer."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from socketserver import BaseRequestHandler, ThreadingTCPServer
from urllib.parse import urlsplit

CHUNK = 65_536


class _Relay(ThreadingTCPServer):
    daemon_threads = True

    def __init__(self, upstream: tuple[str, int], most: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.upstream, self.most = upstream, most


class _Handler(BaseRequestHandler):
    server: _Relay

    def handle(self) -> None:
        client: socket.socket = self.request
        with socket.create_connection(self.server.upstream) as upstream:
            asking = threading.Thread(target=_pass_on, args=(client, upstream), daemon=True)
            asking.start()
            _pass_on(upstream, client, self.server.most)
            # Ends what the thread waits for.
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            asking.join()


def _pass_on(source: socket.socket, target: socket.socket, most: int | None = None) -> None:
    """Pass bytes on until there are no more, or so many of them have been."""
    left = most
    # Either side may hang up at any time.
    with contextlib.suppress(OSError):
        while data := source.recv(CHUNK if left is None else min(left, CHUNK)):
            target.sendall(data)
            if left is not None:
                left -= len(data)
                if not left:
                    return


@contextmanager
def cut_off(endpoint: str, most: int) -> Iterator[str]:
    """Relay to a server, and break each connection off after so many bytes of its answers.

    Args:
        endpoint: URL of the server.
        most: bytes that come back, those of the head included.

    Yields:
        The URL of the relay.
    """
    target = urlsplit(endpoint)
    with _Relay((target.hostname or "", target.port or 0), most) as relay:
        thread = threading.Thread(target=relay.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{relay.server_address[1]}"
        finally:
            relay.shutdown()
            thread.join()
