"""An HTTP proxy in front of the API server that kills its client after a write.

The write reaches the API server, its answer does not reach the client: the worst moment to die.
"""

import contextlib
import http
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from support.apiserver import ApiServer

UNCOUNTED = ("/leases", "/selfsubjectreviews", "/events")
"""Events are left out: no state rests on them, and a repeat would be one more write."""
CHUNK = 65_536


@dataclass(slots=True)
class Interruption:
    """Acts after each write that was carried out.

    Attributes:
        after_write: what to do instead of passing the answer on; None passes it on.
    """

    after_write: Callable[[], None] | None = None

    def interrupts(self, method: str, path: str, status: int) -> bool:
        """Act after a request that was answered; True where its client does not hear of it."""
        refused = status >= http.HTTPStatus.BAD_REQUEST
        if method == "GET" or refused or any(part in path for part in UNCOUNTED):
            return False
        if self.after_write is None:
            return False
        self.after_write()
        return True


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy.

    Attributes:
        url: where it listens.
        interruption: what it does with writes.
    """

    url: str
    interruption: Interruption

    def kubeconfig(self, original: Path) -> Path:
        """Write a kubeconfig that goes through the proxy, with the token of another."""
        content = yaml.safe_load(original.read_text())
        content["clusters"][0]["cluster"] = {"server": self.url}
        path = original.with_suffix(".proxied")
        path.write_text(yaml.safe_dump(content))
        return path


@contextmanager
def run_proxy(server: ApiServer, interruption: Interruption) -> Iterator[Proxy]:
    """Start a proxy and stop it at the end."""
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(server, interruption))
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield Proxy(f"http://127.0.0.1:{listener.server_port}", interruption)
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def _handler(server: ApiServer, interruption: Interruption) -> type[BaseHTTPRequestHandler]:
    context = ssl.create_default_context(cafile=str(server.certificate_authority))
    target = urlsplit(server.url)

    class Forward(BaseHTTPRequestHandler):
        """Forwards one request."""

        def forward(self) -> None:
            """Send the request on and stream its answer back."""
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length) if length else None
            address = (target.hostname or "", target.port)
            with (
                # The client has died, or the server stops: both are the test's doing.
                contextlib.suppress(ConnectionError, http.client.HTTPException),
                contextlib.closing(
                    http.client.HTTPSConnection(*address, context=context)
                ) as upstream,
            ):
                upstream.request(self.command, self.path, body, self._own_headers())
                answer = upstream.getresponse()
                self.close_connection = True
                if not interruption.interrupts(self.command, self.path, answer.status):
                    self._stream(answer)

        def _own_headers(self) -> dict[str, str]:
            pairs = self.headers.items()
            return {name: value for name, value in pairs if name.lower() != "host"}

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = forward  # noqa: N815 - named by the standard library

        def _stream(self, answer: http.client.HTTPResponse) -> None:
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in {"transfer-encoding", "content-length", "connection"}:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            while data := answer.read1(CHUNK):
                self.wfile.write(data)
                self.wfile.flush()

        def log_message(self, *_: object) -> None:
            """Say nothing: the API server's audit log has every request."""

    return Forward
