"""What a Pipeline needs next: at most one run at a time, recorded before it exists."""

from dataclasses import replace
from typing import Any

import pytest

from support.decisions import monitor, pending
from support.worlds import (
    LOST_STORE,
    NOW,
    OTHER_DIGEST,
    RELEASE,
    STORE,
    commit,
    dataset,
    failed,
    finished,
    ingested,
    message,
    model,
    pipeline,
    run,
    snapshot,
    steps,
    told,
    version,
)
from trimtab_operator.api.pipeline import LastRun, Pipeline, PipelineStatus
from trimtab_operator.api.pipelinerun import PipelineRun, PipelineRunSpec
from trimtab_operator.domain.observed import ObservedPipeline
from trimtab_operator.domain.pipeline import plan_pipeline
from trimtab_operator.domain.pipeline_status import run_state
from trimtab_operator.domain.plan import Create, Plan

EDITED: dict[str, Any] = {"training": {"epochs": 5}}
SERVING = model({"champion": version()})


def world(**parts: Any) -> ObservedPipeline:
    seen = ObservedPipeline(release=RELEASE, storage=STORE, dataset=ingested())
    return replace(seen, **parts)


def plan(subject: Pipeline, seen: ObservedPipeline) -> Plan:
    return plan_pipeline(subject, seen, NOW)


def started(result: Plan) -> PipelineRunSpec:
    (create,) = [action for action in result.actions if isinstance(action, Create)]
    return PipelineRunSpec.model_validate(create.manifest["spec"])


def status_of(result: Plan) -> PipelineStatus:
    assert isinstance(result.status, PipelineStatus)
    return result.status


def last_run_of(result: Plan) -> LastRun:
    last_run = status_of(result).last_run
    assert last_run is not None
    return last_run


def test_a_snapshot_starts_a_run_that_is_recorded_first() -> None:
    result = plan(pipeline(), world())

    name = last_run_of(result).name
    assert steps(result) == ["Record RunStarted", f"Create PipelineRun/{name}", "Emit RunStarted"]
    assert told(result)["RunActive"] == "True RunStarted"
    assert told(result)["Ready"] == "True RunStarted"


def test_a_run_carries_everything_that_it_depends_on() -> None:
    current = ingested().status.snapshot

    spec = started(plan(pipeline(**EDITED), world()))

    assert spec.recipe.training.epochs == 5
    assert current is not None
    assert spec.snapshot == current.digest
    assert spec.champion is None
    assert spec.code_version == RELEASE.code_version


def test_a_run_is_compared_with_the_champion_that_serves() -> None:
    seen = world(models=(SERVING,), champion_commit=commit(), runs=(run(status=finished()),))

    spec = started(plan(pipeline(**EDITED), seen))

    assert spec.champion is not None
    assert f"{spec.champion.threshold:f}" == "0.500000000"


def test_no_run_starts_while_the_champion_cannot_be_read() -> None:
    seen = world(models=(SERVING,), runs=(run(status=finished()),))

    result = plan(pipeline(**EDITED), seen)

    assert steps(result) == []
    assert told(result)["Stalled"] == "True ChampionUnreadable"
    assert message(result, "Ready") == (
        "A run is due, but Model `bikes` serves run `bikes-3f9a1c20d7`, whose commit is not in the "
        "store, so the candidate could not be compared with it. Restore "
        "`runs/bikes-3f9a1c20d7/commit.json`, or delete the Model to begin without a champion."
    )


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param({}, id="it is the only one"),
        pytest.param(
            {"models": (SERVING,), "champion_commit": commit()}, id="another one serves as well"
        ),
    ],
)
def test_no_run_starts_without_a_comparison_while_a_model_that_serves_is_invalid(
    parts: dict[str, Any],
) -> None:
    seen = world(runs=(run(status=finished()),), unreadable_models=("broken",), **parts)

    result = plan(pipeline(**EDITED), seen)

    assert steps(result) == []
    assert told(result)["Stalled"] == "True ChampionUnreadable"
    assert message(result, "Ready") == (
        "A run is due, but Model `broken` serves a version and is invalid, so the candidate could "
        "not be compared with it. `kubectl describe model broken` names the field: correct it, or "
        "delete the Model."
    )


def test_a_second_look_after_a_crash_starts_nothing_more() -> None:
    spec = started(plan(pipeline(), world()))
    created = run(triggerId=spec.trigger_id)

    result = plan(pipeline(), world(runs=(created,)))

    assert steps(result) == []
    assert told(result)["RunActive"] == "True RunStarted"


def test_an_edit_waits_for_the_run_at_work() -> None:
    result = plan(pipeline(**EDITED), world(runs=(run(),)))

    assert steps(result) == []
    assert told(result)["Reconciling"] == "True RunStarted"


def test_an_edit_is_run_when_the_run_at_work_has_ended() -> None:
    result = plan(pipeline(**EDITED), world(runs=(run(status=finished()),)))

    assert steps(result)[0] == "Record RunStarted"


def test_a_request_and_a_cron_time_share_one_run_and_are_both_handled() -> None:
    subject = pipeline(
        triggers=[{"type": "Schedule", "cron": "30 0 * * *"}],
        annotations={"trimtab.dev/run-requested": "please-1"},
    )

    result = plan(subject, world())

    assert len(steps(result)) == 3
    assert status_of(result).last_handled_run_request == "please-1"
    assert f"{status_of(result).last_schedule_time:%H:%M}" == "00:30"
    assert started(result).trigger_message == (
        "A person asked for a run: 'please-1'. Cron time 2026-01-01T00:30Z has come."
    )


def test_the_run_of_a_request_carries_it_and_makes_it_handled() -> None:
    request = {"trimtab.dev/run-requested": "please-1"}
    (_, create, _) = plan(pipeline(annotations=request), world()).actions
    assert isinstance(create, Create)
    assert create.manifest["metadata"]["annotations"] == request
    served = run(trigger="Request", annotations=request, status=finished())

    lost = plan(pipeline(annotations=request), world(runs=(served,)))

    assert steps(lost) == []
    assert status_of(lost).last_handled_run_request == "please-1"


@pytest.mark.parametrize(
    ("subject", "seen", "ready"),
    [
        pytest.param(pipeline(suspend=True), world(), "True Suspended", id="suspended"),
        pytest.param(
            pipeline(), world(storage=LOST_STORE), "False StoreUnreachable", id="no store"
        ),
        pytest.param(
            pipeline(), world(dataset=dataset()), "False WaitingForSnapshot", id="no snapshot"
        ),
        pytest.param(pipeline(), world(dataset=None), "False ReferenceNotFound", id="no Dataset"),
        pytest.param(
            pipeline(triggers=[{"type": "Schedule", "cron": "61 0 * * *"}]),
            world(),
            "False InvalidSpec",
            id="no such cron time",
        ),
        pytest.param(pipeline(triggers=[]), world(), "True Idle", id="no triggers"),
    ],
)
def test_why_no_run_starts(subject: Pipeline, seen: ObservedPipeline, ready: str) -> None:
    result = plan(subject, seen)

    assert steps(result) == []
    assert told(result)["Ready"] == ready
    assert result.status.observed_generation == 1


def test_a_missing_dataset_is_waited_for_a_wrong_cron_is_not() -> None:
    missing = told(plan(pipeline(), world(dataset=None)))
    wrong = told(plan(pipeline(triggers=[{"type": "Schedule", "cron": "61 0 * * *"}]), world()))

    assert "Stalled" not in missing
    assert wrong["Stalled"] == "True InvalidSpec"


@pytest.mark.parametrize(
    ("status", "ready", "state"),
    [
        pytest.param(finished(), "True RunSucceeded", "Passed", id="passed"),
        pytest.param(
            finished("False", "GatesFailed"), "True RunSucceeded", "GatesFailed", id="gates failed"
        ),
        pytest.param(
            finished("Unknown", "Inconclusive"), "True RunSucceeded", "Inconclusive", id="unclear"
        ),
        pytest.param(failed(), "False RunFailed", "OutOfMemory", id="no commit"),
    ],
)
def test_the_last_run_is_told(status: dict[str, Any], ready: str, state: str) -> None:
    result = plan(pipeline(), world(runs=(run(status=status),)))

    assert told(result)["Ready"] == ready
    assert last_run_of(result).state == state


def test_an_unseen_run_is_pending() -> None:
    assert run_state(run()) == "Pending"


def test_runs_beyond_the_history_limit_are_deleted() -> None:
    runs = (
        run("bikes-old", status=finished()),
        run("bikes-older-champion", status=finished()),
        run("bikes-3f9a1c20d7", status=finished()),
    )
    seen = world(runs=runs, models=(model({"champion": version("bikes-older-champion")}),))

    result = plan(pipeline(historyLimit=1), seen)

    assert steps(result) == ["Delete PipelineRun/bikes-old"]


def test_a_snapshot_that_changes_while_suspended_is_run_on_resume() -> None:
    seen = world(dataset=ingested(OTHER_DIGEST), runs=(run(status=finished()),))

    assert steps(plan(pipeline(suspend=True), seen)) == []
    assert steps(plan(pipeline(), seen))[0] == "Record RunStarted"


def test_a_suspended_dataset_is_used_as_it_is() -> None:
    frozen = dataset({"snapshot": snapshot()}, suspend=True)

    assert steps(plan(pipeline(), world(dataset=frozen)))[0] == "Record RunStarted"


def test_runs_of_a_former_pipeline_of_this_name_do_not_count() -> None:
    orphan = run(pipelineUid="another")

    assert steps(plan(pipeline(), world(runs=(orphan,))))[0] == "Record RunStarted"


def test_a_deleted_pipeline_is_left_alone() -> None:
    subject = pipeline()
    gone = subject.metadata.model_copy(update={"deletion_timestamp": NOW})

    result = plan(subject.model_copy(update={"metadata": gone}), world())

    assert result == Plan(status=subject.status)


def test_a_failed_run_is_not_repeated_by_itself() -> None:
    lone: PipelineRun = run(status=failed())

    assert steps(plan(pipeline(), world(runs=(lone,)))) == []


def test_two_causes_start_one_run_that_serves_both() -> None:
    deciding = world(
        models=(SERVING,),
        champion_commit=commit(),
        monitors=(monitor(status={"pending": pending()}),),
    )
    result = plan(pipeline(), deciding)
    spec = started(result)

    assert spec.trigger == "Verdict"
    assert spec.trigger_id == "trigger-1"
    assert spec.causes[0] == "trigger-1"
    assert len(spec.causes) == 2
    assert status_of(result).handled_verdicts == ["trigger-1"]
    served = run("bikes-trigger-1", finished(), **spec.to_wire())
    again = plan(pipeline(), replace(deciding, runs=(served,)))
    assert not any(isinstance(action, Create) for action in again.actions)
