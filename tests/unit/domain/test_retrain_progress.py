"""Pending retrains end, outdated ones are withdrawn, and the breaker follows."""

from typing import Any

import pytest

from support.decisions import monitor, monitored_world, pending, retrain, scene
from support.worlds import NOW, OTHER_DIGEST, failed, finished, model, pipeline, run, version
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.domain.plan import Record
from trimtab_operator.domain.retrain_progress import follow_retrains, trip_breaker

PENDING = {"pending": pending(), "retrains": [retrain(1, "Pending")]}
RUNNING = {"pending": pending(), "retrains": [retrain(1, "Running")]}
REPLACED = model({"champion": version(digest=OTHER_DIGEST)})

GONE = {"pipeline": None, "pipeline_gone": True}
ANEW = pipeline().model_copy(
    update={"metadata": pipeline().metadata.model_copy(update={"uid": "uid-2"})}
)

TAKEN_BACK = model(
    {
        "champion": version(),
        "rejected": [{"digest": OTHER_DIGEST, "run": "bikes-1", "time": NOW}],
    }
)


def serving(status: dict[str, Any] | None = None) -> Any:
    return run("bikes-1", status, triggerId="trigger-1")


@pytest.mark.parametrize(
    ("status", "world", "state", "waits"),
    [
        pytest.param(PENDING, {}, "Pending", True, id="its run has not started"),
        pytest.param(PENDING, {"runs": (serving(),)}, "Running", True, id="its run is at work"),
        pytest.param(RUNNING, {"runs": (serving(finished()),)}, "Passed", False, id="it passed"),
        pytest.param(RUNNING, {"runs": (serving(failed()),)}, "Failed", False, id="it failed"),
        pytest.param(PENDING, {"model": REPLACED}, "Withdrawn", False, id="another version serves"),
        pytest.param(
            RUNNING,
            {"model": REPLACED, "runs": (serving(),)},
            "Running",
            True,
            id="another version serves while it runs",
        ),
        pytest.param(
            {"retrains": [retrain(1, run="bikes-1")]},
            {"model": TAKEN_BACK},
            "RolledBack",
            False,
            id="what it made was rolled back",
        ),
        pytest.param(RUNNING, {"pipeline": None}, "Running", True, id="the Pipeline is unreadable"),
        pytest.param(RUNNING, GONE, "Deleted", False, id="the Pipeline was deleted at work"),
        pytest.param(PENDING, GONE, "Withdrawn", False, id="the Pipeline was deleted before"),
        pytest.param(
            RUNNING, GONE | {"model": None}, "Deleted", False, id="the Model was deleted as well"
        ),
        pytest.param(
            RUNNING, {"pipeline": ANEW}, "Deleted", False, id="another Pipeline has its name"
        ),
    ],
)
def test_a_retrain_is_followed(
    status: dict[str, Any], world: dict[str, Any], state: str, *, waits: bool
) -> None:
    found = follow_retrains(scene(monitor(status=status), monitored_world(**world))).status

    assert [item.state for item in found.retrains] == [state]
    assert (found.pending is not None) is waits


@pytest.mark.parametrize(
    ("status", "world", "recorded"),
    [
        pytest.param(PENDING, {}, [], id="it waits"),
        pytest.param(RUNNING, {"runs": (serving(failed()),)}, [], id="its run tells"),
        pytest.param(RUNNING, {}, ["RetrainEnded"], id="its run was deleted"),
        pytest.param(PENDING, {"model": REPLACED}, ["RetrainEnded"], id="it was withdrawn"),
        pytest.param(RUNNING, GONE, ["RetrainEnded"], id="its Pipeline was deleted"),
    ],
)
def test_an_end_that_no_run_tells_is_recorded_once(
    status: dict[str, Any], world: dict[str, Any], recorded: list[str]
) -> None:
    seen = monitored_world(**world)
    found = follow_retrains(scene(monitor(status=status), seen))
    again = follow_retrains(scene(monitor(status=found.status.to_wire()), seen))

    assert [item.action for item in found.actions if isinstance(item, Record)] == recorded
    assert again.actions == ()


def test_runs_of_a_former_pipeline_of_that_name_do_not_count() -> None:
    other = run("bikes-1", finished(), triggerId="trigger-1", pipelineUid="uid-0")
    found = follow_retrains(scene(monitor(status=PENDING), monitored_world(runs=(other,)))).status

    assert found.pending is not None


@pytest.mark.parametrize(
    ("world", "stays"),
    [
        pytest.param({}, True, id="its version serves"),
        pytest.param({"model": REPLACED}, False, id="another version serves"),
    ],
)
def test_a_suggestion_lasts_as_long_as_its_version(world: dict[str, Any], *, stays: bool) -> None:
    suggesting = monitor(status={"suggestion": pending()})
    found = follow_retrains(scene(suggesting, monitored_world(**world))).status

    assert (found.suggestion is not None) is stays


FAILURES = [retrain(number, "Failed") for number in (1, 2, 3)]
RESET = {"annotations": {"trimtab.dev/reset-breaker": "now"}}


@pytest.mark.parametrize(
    ("subject", "recorded"),
    [
        pytest.param(monitor(status={"retrains": FAILURES[:2]}), [], id="it stays closed"),
        pytest.param(monitor(status={"retrains": FAILURES}), ["BreakerOpened"], id="it opens"),
        pytest.param(
            monitor(status={"retrains": FAILURES, "breaker": {"open": True, "failures": 3}}),
            [],
            id="it stays open",
        ),
        pytest.param(
            monitor(
                status={"retrains": FAILURES, "breaker": {"open": True, "failures": 3}}, **RESET
            ),
            ["BreakerReset"],
            id="a person resets it",
        ),
        pytest.param(
            monitor(status={"breaker": {"lastHandledReset": "now", "resetTime": NOW}}, **RESET),
            [],
            id="a reset is recorded once",
        ),
    ],
)
def test_the_breaker_is_recorded_where_it_changes(
    subject: DriftMonitor, recorded: list[str]
) -> None:
    actions = trip_breaker(scene(subject)).actions

    assert [item.action for item in actions if isinstance(item, Record)] == recorded
