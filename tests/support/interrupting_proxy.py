"""An HTTP proxy in front of the API server that kills its client after the n-th write.

The write reaches the API server, its answer does not reach the client: the worst moment to die.
"""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from support.apiserver import ApiServer

READS = frozenset({"GET"})
UNCOUNTED = ("/leases", "/selfsubjectreviews")
CHUNK = 65_536


@dataclass(slots=True)
class WriteCounter:
    """Counts the writes that go through, and acts when the n-th has been carried out.

    Attributes:
        limit: which write; None for no limit.
        act: what to do then.
    """

    limit: int | None = None
    act: Callable[[], None] = field(default=lambda: None)
    count: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def is_last(self, method: str, path: str) -> bool:
        """Count a request; True for the n-th write."""
        if method in READS or any(part in path for part in UNCOUNTED):
            return False
        with self._lock:
            self.count += 1
            return self.count == self.limit


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy.

    Attributes:
        url: where it listens.
        counter: what it does with writes.
    """

    url: str
    counter: WriteCounter

    def kubeconfig(self, original: Path) -> Path:
        """Write a kubeconfig that goes through the proxy, with the token of another."""
        content = yaml.safe_load(original.read_text())
        content["clusters"][0]["cluster"] = {"server": self.url}
        path = original.with_suffix(".proxied")
        path.write_text(yaml.safe_dump(content))
        return path


@contextmanager
def run_proxy(server: ApiServer, counter: WriteCounter) -> Iterator[Proxy]:
    """Start a proxy and stop it at the end."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, counter))
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield Proxy(f"http://127.0.0.1:{listener.server_port}", counter)
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def _handler(server: ApiServer, counter: WriteCounter) -> type[BaseHTTPRequestHandler]:
    context = ssl.create_default_context(cafile=str(server.certificate_authority))
    target = urlsplit(server.url)

    class Forward(BaseHTTPRequestHandler):
        """Forwards one request."""

        def forward(self) -> None:
            """Send the request on and stream its answer back."""
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length) if length else None
            upstream = http.client.HTTPSConnection(
                target.hostname or "", target.port, context=context
            )
            headers = {
                name: value for name, value in self.headers.items() if name.lower() != "host"
            }
            upstream.request(self.command, self.path, body, headers)
            answer = upstream.getresponse()
            if counter.is_last(self.command, self.path):
                answer.read()
                counter.act()
                self.close_connection = True
                return
            self._stream(answer)
            upstream.close()

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815 - named by the standard library

        def _stream(self, answer: http.client.HTTPResponse) -> None:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            self.close_connection = True
            while data := answer.read1(CHUNK):
                self.wfile.write(data)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Say nothing: the API server's audit log has every request."""

    return Forward
