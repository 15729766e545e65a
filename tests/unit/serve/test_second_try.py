"""What a new champion fails or refuses, and the former one, still loaded, may answer."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import graphs
from support.calls import Desk
from trimtab_stages.serve.errors import OverloadedError, RequestError
from trimtab_stages.serve.plan.version import ServedVersion
from trimtab_stages.serve.settings import RunSettings

FORMER = graphs.linear_scores(np.array([[1.0], [-1.0]], np.float32))
FAILS = graphs.brittle_scores(1.0)
"""Where the second feature is over 0, by an error of the run."""
FAILS_TOO = graphs.brittle_scores(2.0)
REFUSES = graphs.failing_scores()
"""Where the first feature is over 0, by calling it a wrong request."""
OTHER_FORM = graphs.linear_scores(np.array([[1.0], [1.0], [1.0]], np.float32))
"""Takes three features where the former one takes two."""
FULL = RunSettings(waiting_requests=0)

Codes = dict[str, int]


@pytest.mark.parametrize(
    ("graph", "former", "values", "outcome", "champions", "formers", "failed"),
    [
        pytest.param(FAILS, FORMER, (0, 0), "ok", {"ok": 1}, {}, 0, id="nothing is wrong"),
        pytest.param(FAILS, FORMER, (0, 1), "ok", {"rescued": 1}, {"ok": 1}, 1, id="it fails"),
        pytest.param(
            REFUSES, FORMER, (1, 0), "ok", {"rescued": 1}, {"ok": 1}, 1, id="it refuses values"
        ),
        pytest.param(
            OTHER_FORM, FORMER, (1, 0), "ok", {"rescued": 1}, {"ok": 1}, 1, id="it refuses the form"
        ),
        pytest.param(
            FAILS, FORMER, (1,), "invalid", {"invalid": 1}, {}, 0, id="what both refuse is wrong"
        ),
        pytest.param(
            FAILS, FAILS_TOO, (0, 1), "inference", {"inference": 1}, {}, 1, id="both fail"
        ),
        pytest.param(
            FAILS,
            REFUSES,
            (1, 1),
            "inference",
            {"inference": 1},
            {},
            1,
            id="the first error",
        ),
    ],
)
def test_what_the_former_champion_can_answer_it_does_and_the_new_one_has_failed(
    tmp_path: Path,
    graph: bytes,
    former: bytes,
    values: tuple[float, ...],
    outcome: str,
    champions: Codes,
    formers: Codes,
    failed: int,
) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path)
        champion, stands_by = desk.load(graph), desk.load(former, weight=0)
        assert await ask(desk, [champion, stands_by], values) == outcome

        assert desk.statistics.of(champion.name).codes == champions
        assert desk.statistics.of(stands_by.name).codes == formers
        assert desk.counts(champion).failed_requests == failed
        assert desk.noted == [champion.name] * champions.get("ok", 0) + [
            stands_by.name
        ] * formers.get("ok", 0)

    asyncio.run(scene())


async def ask(
    desk: Desk,
    versions: list[ServedVersion],
    values: tuple[float, ...],
    name: str | None = None,
) -> str:
    """Return "ok", or the word of the error that a request is answered with."""
    try:
        return await desk.outcome(desk.ask(versions, values, name=name))
    except RequestError as error:
        return error.code


@pytest.mark.parametrize(
    "role",
    [pytest.param({"shadow": True, "weight": 0}, id="a challenger"), pytest.param({}, id="alone")],
)
def test_only_a_former_champion_stands_in(tmp_path: Path, role: dict[str, Any]) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path)
        champion = desk.load(FAILS)
        others = [desk.load(FORMER, **role)] if role else []
        assert await ask(desk, [champion, *others], (0, 1)) == "inference"
        assert desk.statistics.of(champion.name).codes == {"inference": 1}

    asyncio.run(scene())


def test_who_names_a_version_gets_its_answer(tmp_path: Path) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path)
        champion, former = desk.load(FAILS), desk.load(FORMER, weight=0)
        name = champion.name
        assert await ask(desk, [champion, former], (0, 1), name=name) == "inference"
        assert desk.counts(champion).failed_requests == 0
        assert not desk.statistics.of(former.name).codes

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("graph", "values", "champions", "failed"),
    [
        pytest.param(FAILS, (0, 1), {"inference": 1}, 1, id="a failure"),
        pytest.param(OTHER_FORM, (0, 1), {"invalid": 1}, 0, id="a refusal, whosever fault it is"),
    ],
)
def test_load_that_the_former_champion_sheds_is_told_as_such(
    tmp_path: Path, graph: bytes, values: tuple[float, ...], champions: Codes, failed: int
) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path)
        champion, former = desk.load(graph), desk.load(FORMER, FULL, weight=0)
        assert await ask(desk, [champion, former], values) == "overloaded"

        assert desk.statistics.of(champion.name).codes == champions
        assert desk.statistics.of(former.name).codes == {"overloaded": 1}
        assert desk.counts(champion).failed_requests == failed

    asyncio.run(scene())


def test_load_that_the_champion_sheds_is_not_shifted_to_the_former_one(tmp_path: Path) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path)
        champion, former = desk.load(FAILS, FULL), desk.load(FORMER, weight=0)
        with pytest.raises(OverloadedError):
            desk.ask([champion, former])

        assert desk.statistics.of(champion.name).codes == {"overloaded": 1}
        assert not desk.statistics.of(former.name).codes

    asyncio.run(scene())


def test_a_second_try_that_takes_too_long_is_the_new_champions_failure(tmp_path: Path) -> None:
    async def scene() -> None:
        desk = Desk(tmp_path)
        champion, former = desk.load(OTHER_FORM), desk.load(FORMER, weight=0)
        exchange = desk.ask([champion, former])
        exchange.expire()

        assert await desk.outcome(exchange) == "deadline"
        assert desk.statistics.of(champion.name).codes == {"deadline": 1}
        assert not desk.statistics.of(former.name).codes

    asyncio.run(scene())
