"""Objects in the order of their making."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

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


def test_fields_that_a_newer_trimtab_has_left_in_the_status_are_left_out() -> None:
    body = written(run("a", started(1)))
    body["status"] |= {"fromTheFuture": {"a": 1}}
    body["status"]["gates"] = [GATE | {"fromTheFuture": 1}]

    found = PIPELINE_RUN.parse(body)

    assert found.status.to_wire()["gates"] == [GATE]
    assert "fromTheFuture" not in found.status.to_wire()


@pytest.mark.parametrize(
    ("part", "loc"),
    [
        pytest.param({"spec": {"fromTheFuture": 1}}, ("spec", "fromTheFuture"), id="in the spec"),
        pytest.param({"status": {"attempts": "x"}}, ("status", "attempts"), id="a wrong value"),
    ],
)
def test_other_faults_are_named_all_the_same(
    part: dict[str, dict[str, Any]], loc: tuple[str, ...]
) -> None:
    body = written(run("a"))
    wrong = {name: body[name] | fields for name, fields in part.items()}

    with pytest.raises(ValidationError) as caught:
        PIPELINE_RUN.parse(body | wrong)

    assert [detail["loc"] for detail in caught.value.errors()] == [loc]


GATE = {"name": "g", "kind": "Metric", "outcome": "Passed", "message": "m"}


def written(one: PipelineRun) -> dict[str, Any]:
    """Return a run as the API server has it."""
    parts = {"metadata": one.metadata, "spec": one.spec, "status": one.status}
    return {name: part.to_wire() for name, part in parts.items()}
