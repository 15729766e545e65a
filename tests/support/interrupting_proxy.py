"""An HTTP proxy in front of the API server or an S3 server that kills its client at a write.

After it: the write reaches the server, its answer does not reach the client, the worst moment to
die. Or before it: the server never hears of it.
"""

import contextlib
import http
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import yaml

from support.apiserver import ApiServer
from support.s3 import S3Server
from support.struck_writes import Write

UNCOUNTED = ("/leases", "/selfsubjectreviews", "/events")
"""Events are left out: no state rests on them, and a repeat would be one more write."""
CHUNK = 65_536


class Interrupts(Protocol):
    """Decides what becomes of a write. Called by many threads."""

    def begins(self, write: Write, /) -> bool:
        """True where it must not reach the server."""
        ...

    def ends(self, write: Write, /, *, is_done: bool) -> bool:
        """True where its client must not hear of it; a refused or unanswered one is not done."""
        ...


@dataclass(slots=True)
class Interruption:
    """Acts after each write that was carried out.

    Attributes:
        after_write: what to do instead of passing the answer on; None passes it on.
    """

    after_write: Callable[[], None] | None = None

    def begins(self, _: Write, /) -> bool:
        """Let every write pass."""
        return False

    def ends(self, _: Write, /, *, is_done: bool) -> bool:
        """Act after a write that was carried out."""
        if self.after_write is None or not is_done:
            return False
        self.after_write()
        return True


@dataclass(frozen=True, slots=True)
class Upstream:
    """A server behind a proxy.

    Attributes:
        url: its address.
        context: for TLS; None without.
    """

    url: str
    context: ssl.SSLContext | None = None

    def connect(self) -> http.client.HTTPConnection:
        """Return a connection that is not open yet."""
        target = urlsplit(self.url)
        address = (target.hostname or "", target.port)
        if self.context is None:
            return http.client.HTTPConnection(*address)
        return http.client.HTTPSConnection(*address, context=self.context)


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy.

    Attributes:
        url: where it listens.
    """

    url: str

    def kubeconfig(self, original: Path) -> Path:
        """Write a kubeconfig that goes through the proxy, with the token of another."""
        content = yaml.safe_load(original.read_text())
        content["clusters"][0]["cluster"] = {"server": self.url}
        path = original.with_suffix(".proxied")
        path.write_text(yaml.safe_dump(content))
        return path


def run_proxy(server: ApiServer, interrupts: Interrupts) -> AbstractContextManager[Proxy]:
    """Start a proxy in front of the API server and stop it at the end."""
    context = ssl.create_default_context(cafile=str(server.certificate_authority))
    return _running(Upstream(server.url, context), interrupts)


def run_store_proxy(server: S3Server, interrupts: Interrupts) -> AbstractContextManager[Proxy]:
    """Start a proxy in front of an S3 server and stop it at the end."""
    return _running(Upstream(server.endpoint), interrupts)


@contextmanager
def _running(upstream: Upstream, interrupts: Interrupts) -> Iterator[Proxy]:
    listener = ThreadingHTTPServer(("127.0.0.1", 0), _handler(upstream, interrupts))
    listener.daemon_threads = True
    thread = threading.Thread(target=listener.serve_forever, daemon=True)
    thread.start()
    try:
        yield Proxy(f"http://127.0.0.1:{listener.server_port}")
    finally:
        listener.shutdown()
        listener.server_close()
        thread.join()


def _handler(upstream: Upstream, interrupts: Interrupts) -> type[BaseHTTPRequestHandler]:
    class Forward(BaseHTTPRequestHandler):
        """Forwards one request."""

        # So that clients are told to go on which ask before they send a body (`Expect`).
        protocol_version = "HTTP/1.1"

        def forward(self) -> None:
            """Send the request on and stream its answer back."""
            self.close_connection = True
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length) if length else b""
            write = _write_of(self.command, self.path, body)
            # Of a client that has died meanwhile, half a request is none.
            if len(body) < length or (write is not None and interrupts.begins(write)):
                return
            with (
                # The client has died, or the server stops: both are the test's doing.
                contextlib.suppress(ConnectionError, http.client.HTTPException),
                contextlib.closing(upstream.connect()) as connection,
            ):
                is_done = False
                try:
                    # With the client's own `Host`: an S3 server checks that it was signed.
                    connection.request(self.command, self.path, body or None, dict(self.headers))
                    answer = connection.getresponse()
                    is_done = answer.status < http.HTTPStatus.BAD_REQUEST
                finally:
                    # Also where no answer came: the write is under way no more.
                    hides = write is not None and interrupts.ends(write, is_done=is_done)
                if not hides:
                    self._stream(answer)

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


def _write_of(method: str, path: str, body: bytes) -> Write | None:
    """Return what a request changes, None where no state rests on it."""
    if method == "GET" or any(part in path for part in UNCOUNTED):
        return None
    return Write.of(f"{method} {urlsplit(path).path}", body)
