"""Which decisions have had their run, remembered longer than the run."""

import pytest

from support.decisions import monitor, pending
from support.worlds import run
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.handled_verdicts import handled_verdicts
from trimtab_operator.domain.triggers import Cause
from trimtab_stages.contract.run import TriggerType

WAITING = monitor(status={"pending": pending()})
SERVING = run(triggerId="other", causes=["other", "trigger-1"])
STARTING = [
    Cause(TriggerType.VERDICT, "trigger-2", "Quality fell."),
    Cause(TriggerType.NEW_SNAPSHOT, "snapshot-1", "A new snapshot."),
]
MANY = [f"trigger-{number}" for number in range(100, 116)]


@pytest.mark.parametrize(
    ("before", "monitors", "runs", "starting", "expected"),
    [
        pytest.param([], [], [], [], [], id="nothing"),
        pytest.param([], [WAITING], [], [], [], id="its run has not started"),
        pytest.param([], [WAITING], [SERVING], [], ["trigger-1"], id="its run is seen"),
        pytest.param([], [monitor()], [SERVING], [], [], id="nothing is pending"),
        pytest.param([], [], [], STARTING, ["trigger-2"], id="its run is started now"),
        pytest.param(
            ["trigger-1"], [WAITING], [SERVING], STARTING, ["trigger-1", "trigger-2"], id="once"
        ),
        pytest.param(["trigger-1"], [], [], [], ["trigger-1"], id="its run is gone"),
        pytest.param(MANY, [], [], STARTING, [*MANY[1:], "trigger-2"], id="the newest are kept"),
    ],
)
def test_handled(
    before: list[str],
    monitors: list[DriftMonitor],
    runs: list[PipelineRun],
    starting: list[Cause],
    expected: list[str],
) -> None:
    assert handled_verdicts(before, monitors, runs, starting) == expected
