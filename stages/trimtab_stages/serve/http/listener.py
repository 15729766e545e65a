"""A listening port and the life of its connections."""

import asyncio

from trimtab_stages.serve.http.exchange import Application
from trimtab_stages.serve.http.protocol import Connections, HttpConnection
from trimtab_stages.serve.settings import HttpLimits

SWEEP_SECONDS = 0.5
BACKLOG = 1024


class HttpListener:
    """Serves one application on one port.

    Attributes:
        connections: the open connections.
    """

    def __init__(self, application: Application, limits: HttpLimits) -> None:
        self.connections = Connections(application, limits)
        self._server: asyncio.Server | None = None
        self._sweep: asyncio.TimerHandle | None = None

    @property
    def port(self) -> int:
        """The port that is listened on."""
        if self._server is None or not self._server.sockets:
            return 0
        return int(self._server.sockets[0].getsockname()[1])

    async def start(self, host: str, port: int) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: HttpConnection(self.connections, loop),
            host,
            port,
            backlog=BACKLOG,
        )
        self._schedule_sweep(loop)

    def part(self) -> None:
        """Go on answering, and let each answer end its connection.

        A connection that is closed without a word breaks the request that is just being sent on it.
        """
        self.connections.parting = True

    async def drain(self, seconds: float) -> None:
        """Stop listening, let requests in flight finish for at most `seconds`, close the rest."""
        if self._server is not None:
            self._server.close()
        await self.connections.drain(seconds)
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self.connections.open):
            connection.close()

    def _schedule_sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        self.connections.sweep(loop.time())
        self._sweep = loop.call_later(SWEEP_SECONDS, self._schedule_sweep, loop)
