"""What tests plant under a coming run is what the operator finds under the run that it starts."""

from typing import Any

import pytest

from support.planted_runs import coming_run, planted_commit
from support.worlds import NOW, RELEASE, STORE, commit, pipeline, run, snapshot, told
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.observed import ObservedPipelineRun
from trimtab_operator.domain.pipelinerun import plan_pipelinerun
from trimtab_operator.domain.triggers import due_causes
from trimtab_stages.contract.artifact import ArtifactRef

REQUEST = "sha256:another"
ASKED: dict[str, Any] = {"annotations": {"trimtab.dev/run-requested": REQUEST}}
GRAPH = ArtifactRef(key="blobs/g", digest=f"sha256:{'9' * 64}", size=1)


@pytest.mark.parametrize(
    "runs",
    [pytest.param((), id="first"), pytest.param((run("bikes-before"),), id="after-another")],
)
def test_the_run_is_the_one_that_the_request_starts(runs: tuple[PipelineRun, ...]) -> None:
    asked = pipeline()
    metadata = asked.metadata.model_copy(update=ASKED)
    cause = due_causes(asked.model_copy(update={"metadata": metadata}), snapshot(), runs, NOW)[0]

    coming = coming_run(asked, runs, REQUEST)

    assert coming.trigger_id == cause.id
    assert coming.name == f"bikes-{cause.id[:10]}"


def test_the_run_is_complete_at_once_with_the_graph_and_starts_no_pod() -> None:
    coming = coming_run(pipeline(), (), REQUEST)
    started = run(coming.name, triggerId=coming.trigger_id)
    planted = planted_commit(coming, commit("bikes-before"), GRAPH, None)

    plan = plan_pipelinerun(started, ObservedPipelineRun(RELEASE, STORE, commit=planted), NOW)

    assert told(plan)["Complete"] == "True Committed"
    assert told(plan)["GatesPassed"] == "True Passed"
    assert {type(action).__name__ for action in plan.actions} == {"Record", "Emit"}
    assert getattr(plan.status, "model_digest", None) == GRAPH.digest
