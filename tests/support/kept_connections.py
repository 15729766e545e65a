"""Connections to one HTTPS server that are kept, as a client of the API server keeps them.

Tests wait by asking; a handshake for each question would cost more than all the answers.
"""

import contextlib
import http.client
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

SECONDS = 30.0
"""Longest silence of the server."""


@dataclass(frozen=True, slots=True)
class KeptConnections:
    """Sends requests, each on a connection that no other thread uses meanwhile.

    Attributes:
        address: host and port.
        context: what is trusted, and what is shown.
    """

    address: str
    context: ssl.SSLContext
    _idle: list[http.client.HTTPSConnection] = field(default_factory=list, repr=False)

    def send(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]
    ) -> tuple[int, bytes]:
        """Send one request and return status and content of the answer; raises OSError."""
        with self._taken() as connection:
            if connection.sock is not None:
                # The server may have closed what was idle: that, and nothing else, is tried anew.
                with contextlib.suppress(ConnectionError):
                    return _exchange(connection, method, path, body, headers)
                connection.close()
            return _exchange(connection, method, path, body, headers)

    def close(self) -> None:
        """Close all that are kept."""
        while self._idle:
            self._idle.pop().close()

    @contextlib.contextmanager
    def _taken(self) -> Iterator[http.client.HTTPSConnection]:
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._new()
        try:
            yield connection
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)

    def _new(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.address, timeout=SECONDS, context=self.context)


def _exchange(
    connection: http.client.HTTPSConnection,
    method: str,
    path: str,
    body: bytes | None,
    headers: Mapping[str, str],
) -> tuple[int, bytes]:
    connection.request(method, path, body, dict(headers))
    answer = connection.getresponse()
    return answer.status, answer.read()
