import asyncio

import aiohttp
import pytest
from aiohttp import web

from trimtab_operator.telemetry.endpoints import (
    Health,
    build_health_app,
    build_metrics_app,
    find_faults,
    serve,
)
from trimtab_operator.telemetry.metrics import Metrics

LOOPBACK = "127.0.0.1"
WELL = Health(leading=True, lease_held=True, api_silence=3, queue_oldest=2, watch_silent=False)
STANDBY = Health(
    leading=False, lease_held=False, api_silence=3, queue_oldest=900, watch_silent=True
)


@pytest.mark.parametrize(
    "health", [pytest.param(WELL, id="leader"), pytest.param(STANDBY, id="standby")]
)
def test_a_healthy_process_is_left_alone(health: Health) -> None:
    assert find_faults(health) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param({"api_silence": 200}, "API server", id="API server unreachable"),
        pytest.param({"lease_held": False}, "Lease", id="Lease lost"),
        pytest.param({"queue_oldest": 400}, "due for 400 s", id="queue stuck"),
        pytest.param({"watch_silent": True}, "watch", id="watch silent"),
    ],
)
def test_a_faulty_process_is_restarted(changes: dict[str, float], said: str) -> None:
    values = {name: getattr(WELL, name) for name in Health.__slots__} | changes
    (fault,) = find_faults(Health(**values))
    assert said in fault


async def fetch(runner: web.AppRunner, path: str) -> tuple[int, str]:
    host, port = runner.addresses[0]
    url = f"http://{host}:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_the_probe_answers_with_the_fault(path: str) -> None:
    async def ask(health: Health) -> tuple[int, str]:
        runner = await serve(build_health_app(lambda: health), 0, LOOPBACK)
        try:
            return await fetch(runner, path)
        finally:
            await runner.cleanup()

    assert asyncio.run(ask(WELL)) == (200, "ok")
    status, text = asyncio.run(ask(Health(True, False, 3, 2, False)))  # noqa: FBT003 - all five in order
    assert status == 503
    assert "Lease" in text


def test_metrics_are_refreshed_when_read() -> None:
    metrics = Metrics()

    async def ask() -> tuple[int, str]:
        app = build_metrics_app(metrics.registry, lambda: metrics.leader.set(1))
        runner = await serve(app, 0, LOOPBACK)
        try:
            return await fetch(runner, "/metrics")
        finally:
            await runner.cleanup()

    status, text = asyncio.run(ask())
    assert status == 200
    assert "trimtab_leader 1.0" in text.splitlines()
