"""So many retrains of a Model in 30 days of wall time, whoever decided them."""

from datetime import timedelta

import pytest

from support.decisions import retrain
from support.worlds import NOW, later, run
from trimtab_operator.api.monitor_status import Retrain
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.run_budget import run_budget, spent_times

OLD = NOW - timedelta(days=30)
RECENT = NOW - timedelta(days=29)
RUN = run("bikes-1", trigger="Verdict", triggerId="trigger-1")


@pytest.mark.parametrize(
    ("retrains", "limit", "spent"),
    [
        pytest.param([], 1, False, id="nothing spent"),
        pytest.param([], 0, True, id="nothing to spend"),
        pytest.param([retrain(1)], 2, False, id="one of two"),
        pytest.param([retrain(1), retrain(2)], 2, True, id="two of two"),
        pytest.param([retrain(1, time=OLD)], 1, False, id="thirty days ago"),
        pytest.param([retrain(1, time=RECENT)], 1, True, id="twenty-nine days ago"),
        pytest.param([retrain(1, "Withdrawn")], 1, False, id="one that never ran costs nothing"),
        pytest.param([retrain(1, "Failed")], 1, True, id="one that failed costs as much"),
        pytest.param([retrain(1, "Deleted")], 1, True, id="one that was deleted as well"),
    ],
)
def test_budget(retrains: list[Retrain], limit: int, *, spent: bool) -> None:
    assert (run_budget(spent_times(retrains, ()), limit, NOW) is not None) is spent


@pytest.mark.parametrize(
    ("retrains", "runs", "count"),
    [
        pytest.param([], [RUN], 1, id="a run that no status tells of any more"),
        pytest.param([retrain(1, "Pending")], [RUN], 1, id="a decision and its run are one"),
        pytest.param(
            [retrain(1, run="bikes-1"), retrain(2, run="bikes-1")], [], 1, id="two share a run"
        ),
        pytest.param(
            [retrain(1, "Pending"), retrain(2, "Pending")], [], 2, id="two whose runs are to come"
        ),
        pytest.param(
            [retrain(1, "Pending"), retrain(2, "Pending")],
            [run("bikes-1", trigger="Verdict", triggerId="trigger-1", causes=["trigger-2"])],
            1,
            id="two that one run serves",
        ),
        pytest.param([], [run(trigger="Schedule")], 0, id="a run for another cause"),
        pytest.param([retrain(1, "Withdrawn")], [], 0, id="one that was withdrawn"),
    ],
)
def test_spent(retrains: list[Retrain], runs: list[PipelineRun], count: int) -> None:
    assert len(spent_times(retrains, runs)) == count


def test_a_shared_run_is_spent_with_its_newest_decision() -> None:
    both = [retrain(1, run="bikes-1", time=OLD), retrain(2, run="bikes-1", time=later(-9))]

    assert spent_times(both, ()) == [later(-9)]


def test_the_message_says_when_the_next_is_free() -> None:
    found = run_budget([RECENT, NOW], 2, NOW)

    assert found is not None
    assert found.message == (
        "Budget: 2 of 2 retrains of the Model within 30 days are spent; the next is free at "
        "2026-01-02T01:00:00Z."
    )
