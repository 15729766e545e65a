"""What becomes of a retrain is told by the run that serves its cause."""

from typing import Any

import pytest

from support.decisions import retrain
from support.specs import DIGEST
from support.worlds import CREATED, NOW, failed, finished, run
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.api.rollout import RejectedVersion
from trimtab_operator.domain.retrain_result import retrain_result, unless_rolled_back


def serving(status: dict[str, Any] | None = None, **spec: Any) -> PipelineRun:
    return run("bikes-1", status, **({"triggerId": "trigger-1"} | spec))


@pytest.mark.parametrize(
    ("before", "runs", "handled", "expected"),
    [
        pytest.param("Pending", [], [], "Pending", id="no run yet"),
        pytest.param("Pending", [serving()], [], "Running", id="its run has started"),
        pytest.param(
            "Pending",
            [serving(triggerId="other", causes=["other", "trigger-1"])],
            [],
            "Running",
            id="a run that serves it with others",
        ),
        pytest.param("Pending", [run("bikes-2")], [], "Pending", id="a run of another cause"),
        pytest.param("Running", [serving(finished())], [], "Passed", id="its gates passed"),
        pytest.param(
            "Running", [serving(finished("False", "GatesFailed"))], [], "Failed", id="gates failed"
        ),
        pytest.param(
            "Running", [serving(finished("Unknown", "Inconclusive"))], [], "Failed", id="too few"
        ),
        pytest.param("Running", [serving(failed())], [], "Failed", id="no commit"),
        pytest.param("Running", [], [], "Deleted", id="its run was deleted at work"),
        pytest.param("Pending", [], ["trigger-1"], "Deleted", id="deleted before it was seen"),
        pytest.param("Failed", [serving(finished())], [], "Failed", id="what has ended stays"),
    ],
)
def test_state(before: str, runs: list[PipelineRun], handled: list[str], expected: str) -> None:
    assert retrain_result(retrain(1, before), runs, handled, NOW).state == expected


def test_it_is_named_and_timed_by_its_run() -> None:
    found = retrain_result(retrain(1, "Pending"), [serving(finished())], [], NOW)

    assert (found.run, found.end_time) == ("bikes-1", CREATED)


@pytest.mark.parametrize(
    ("before", "rejected_run", "expected"),
    [
        pytest.param("Passed", "bikes-1", "RolledBack", id="its version was rolled back"),
        pytest.param("Passed", "bikes-2", "Passed", id="another version was rolled back"),
        pytest.param("Failed", "bikes-1", "Failed", id="it failed before"),
    ],
)
def test_a_rollback_is_a_failed_retrain(before: str, rejected_run: str, expected: str) -> None:
    rejected = RejectedVersion(digest=DIGEST, run=rejected_run, time=NOW)
    found = unless_rolled_back(retrain(1, before, run="bikes-1"), [rejected])

    assert found.state == expected
    assert (found.end_time == NOW) is (expected == "RolledBack")
