"""Which times of runs a version goes on with when the plan changes."""

import asyncio
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support import graphs
from support.calls import Desk
from trimtab_stages.contract.serving_plan import ServingPlan
from trimtab_stages.serve.plan.follower import kept_times
from trimtab_stages.serve.plan.routing import Routing

GRAPH = graphs.linear_scores(np.array([[1.0], [-1.0]], np.float32))


@pytest.mark.parametrize(
    ("role", "kept"),
    [
        pytest.param({"weight": 0}, True, id="stands by"),
        pytest.param({"weight": 100}, False, id="answers"),
        pytest.param({"weight": 0, "shadow": True}, False, id="scores as a shadow"),
    ],
)
def test_only_a_version_that_stands_by_keeps_its_times(
    tmp_path: Path, role: dict[str, Any], *, kept: bool
) -> None:
    async def scene() -> None:
        served = Desk(tmp_path).load(GRAPH)
        routing = Routing(ServingPlan(model="m", versions=[served.plan]), [served])
        times = kept_times(served.plan.model_copy(update=role), routing)

        assert times is (served.batcher.times if kept else None)

    asyncio.run(scene())


def test_a_version_without_a_past_has_no_times(tmp_path: Path) -> None:
    async def scene() -> None:
        former = Desk(tmp_path).load(GRAPH).plan.model_copy(update={"weight": 0})

        assert kept_times(former, None) is None

    asyncio.run(scene())
