"""Objects in the order of their making."""

from datetime import timedelta
from typing import Any

import pytest

from support.worlds import CREATED, run
from trimtab_operator.api.kinds import PIPELINE_RUN
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.cluster.parse import parse_all

SECOND = timedelta(seconds=1)


def started(after: float) -> dict[str, Any]:
    return {"startTime": CREATED + timedelta(seconds=after)}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        pytest.param(run("b"), run("a", created=CREATED + SECOND), id="by the second of creation"),
        pytest.param(run("b", started(0.1)), run("a", started(0.9)), id="by their start within it"),
        pytest.param(run("b", started(0.1)), run("a"), id="one that has not started is newer"),
        pytest.param(run("a"), run("b"), id="by name where nothing else tells"),
    ],
)
def test_runs_are_read_oldest_first(older: PipelineRun, newer: PipelineRun) -> None:
    bodies = [one.model_dump(mode="json", by_alias=True) for one in (newer, older)]

    found = parse_all(PIPELINE_RUN, bodies, PipelineRun)

    assert [one.metadata.name for one in found] == [older.metadata.name, newer.metadata.name]
