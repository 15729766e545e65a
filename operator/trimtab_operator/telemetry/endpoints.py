"""HTTP endpoints of operator and monitor: `/healthz`, `/readyz`, and `/metrics` on its own port."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from http import HTTPStatus

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

MAX_QUEUE_SECONDS = 300.0
MAX_API_SECONDS = 90.0
SHUTDOWN_SECONDS = 2.0
"""Scrapers keep their connections open; the operator's end does not wait for them."""


@dataclass(frozen=True, slots=True)
class Health:
    """What the probes judge.

    Attributes:
        leading: this process has the Lease, or waits for it.
        lease_held: False after the Lease was lost.
        api_silence: seconds since the API server's last answer.
        queue_oldest: seconds that the oldest due object waits.
        watch_silent: True where the watch missed a change.
    """

    leading: bool
    lease_held: bool
    api_silence: float
    queue_oldest: float
    watch_silent: bool


def find_faults(health: Health) -> list[str]:
    """Return why this process should be restarted; empty for a healthy one."""
    faults = []
    if health.api_silence > MAX_API_SECONDS:
        faults.append(f"the API server has not answered for {health.api_silence:.0f} s")
    if health.leading and not health.lease_held:
        faults.append("the Lease is lost")
    if health.leading and health.queue_oldest > MAX_QUEUE_SECONDS:
        faults.append(f"an object has been due for {health.queue_oldest:.0f} s")
    if health.leading and health.watch_silent:
        faults.append("the watch has missed a change")
    return faults


def build_health_app(health: Callable[[], Health]) -> web.Application:
    """Return the application with the probes."""

    async def respond(_: web.Request) -> web.Response:
        faults = find_faults(health())
        status = HTTPStatus.SERVICE_UNAVAILABLE if faults else HTTPStatus.OK
        return web.Response(status=status, text="\n".join(faults) or "ok")

    return _build_app({"/healthz": respond, "/readyz": respond})


def build_metrics_app(registry: CollectorRegistry, refresh: Callable[[], None]) -> web.Application:
    """Return the application with the metrics; `refresh` sets what is read on demand."""

    async def respond(_: web.Request) -> web.Response:
        refresh()
        body = generate_latest(registry)
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE_LATEST})

    return _build_app({"/metrics": respond})


async def serve(app: web.Application, port: int, host: str | None = None) -> web.AppRunner:
    """Listen on a port of `host`, or of all addresses; the runner's `cleanup` ends it.

    With port 0 and no host, each address family gets a port of its own.
    """
    runner = web.AppRunner(
        app, access_log=None, handle_signals=False, shutdown_timeout=SHUTDOWN_SECONDS
    )
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


Respond = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _build_app(routes: dict[str, Respond]) -> web.Application:
    app = web.Application()
    for path, respond in routes.items():
        app.router.add_get(path, respond)
    return app
