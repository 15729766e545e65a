import asyncio
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web

from trimtab_operator.cluster.servers import Servers
from trimtab_operator.domain.observed import PodView
from trimtab_stages.contract.serving_plan import ServerState

STATE = ServerState(revision="sha256:1", ready=True)
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def pod(name: str, ip: str) -> PodView:
    return PodView(name=name, uid=name, phase="Running", created=NOW, ip=ip)


async def ask(answer: web.Response, *pods: PodView) -> dict[str, ServerState]:
    async def respond(_: web.Request) -> web.Response:
        return answer

    app = web.Application()
    app.router.add_get("/plan", respond)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        async with aiohttp.ClientSession() as session:
            return await Servers(session, runner.addresses[0][1]).read_states(pods)
    finally:
        await runner.cleanup()


def test_states_are_by_pod_and_pods_without_an_answer_are_left_out() -> None:
    answer = web.Response(text=STATE.model_dump_json(by_alias=True))
    pods = (pod("a", "127.0.0.1"), pod("starting", ""), pod("gone", "127.0.0.2"))
    assert asyncio.run(ask(answer, *pods)) == {"a": STATE}


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(lambda: web.Response(status=503, text="loading"), id="not ready"),
        pytest.param(lambda: web.Response(text="<html>"), id="another program"),
        pytest.param(lambda: web.Response(text="{}"), id="another format"),
        pytest.param(lambda: web.Response(text=" " * (2 << 20)), id="too long"),
        pytest.param(
            lambda: web.Response(status=302, headers={"Location": "http://127.0.0.1/"}),
            id="a redirect",
        ),
    ],
)
def test_what_is_no_state_is_no_answer(answer: object) -> None:
    assert callable(answer)
    assert asyncio.run(ask(answer(), pod("a", "127.0.0.1"))) == {}
