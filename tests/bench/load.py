"""A closed-loop HTTP client: `load.py PORT CONNECTIONS SECONDS`, the request on standard input.

Every connection sends the request again as soon as its answer is complete. Prints how many were
answered; ends with 1 when an answer was not 200.
"""

import asyncio
import re
import sys
from typing import cast

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)\r\n")


class Connection(asyncio.Protocol):
    """One client connection.

    Attributes:
        answered: complete answers.
        failed: answers that were not 200.
    """

    def __init__(self, request: bytes) -> None:
        self._request = request
        self._data = b""
        self._transport: asyncio.Transport | None = None
        self.answered = 0
        self.failed = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        """Send the next request when the answer is complete."""
        self._data += data
        end = self._data.find(b"\r\n\r\n")
        found = _LENGTH.search(self._data)
        if end < 0 or found is None or len(self._data) < end + 4 + int(found[1]):
            return
        self.answered += 1
        self.failed += not self._data.startswith(b"HTTP/1.1 200 ")
        self._data = b""
        if self._transport is not None:
            self._transport.write(self._request)


async def run(port: int, count: int, seconds: float, request: bytes) -> list[Connection]:
    """Keep `count` connections busy for `seconds`."""
    loop = asyncio.get_running_loop()
    connections = [Connection(request) for _ in range(count)]
    for connection in connections:
        await loop.create_connection(lambda one=connection: one, "127.0.0.1", port)  # type: ignore[misc] # mypy cannot infer a lambda with a default
    await asyncio.sleep(seconds)
    return connections


def main() -> int:
    """Run the load that the command line asks for."""
    port, count, seconds = int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    connections = uvloop.run(run(port, count, seconds, sys.stdin.buffer.read()))
    sys.stdout.write(str(sum(connection.answered for connection in connections)))
    return int(any(connection.failed for connection in connections))


if __name__ == "__main__":
    sys.exit(main())
