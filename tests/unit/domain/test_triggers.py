"""Which causes of a run are due, and that one cause never starts two runs."""

from datetime import timedelta
from typing import Any

import pytest

from support.decisions import end_of, monitor, pending
from support.specs import DIGEST
from support.worlds import (
    CREATED,
    NOW,
    OTHER_DIGEST,
    dataset,
    finished,
    ingested,
    later,
    model,
    pipeline,
    run,
    snapshot,
    version,
)
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.triggers import Cause, Decided, due_causes, next_schedule_time
from trimtab_stages.contract.run import TriggerType

NIGHTLY = [{"type": "Schedule", "cron": "30 0 * * *"}]
BOTH = [{"type": "NewSnapshot"}, *NIGHTLY]
REQUEST: dict[str, Any] = {"annotations": {"trimtab.dev/run-requested": "please-1"}}


def due(subject: Pipeline, *runs: PipelineRun, digest: str = DIGEST) -> list[Cause]:
    return due_causes(subject, snapshot(digest), runs, NOW)


def kinds(causes: list[Cause]) -> list[str]:
    return [cause.type.value for cause in causes]


def started_for(cause: Cause, **spec: Any) -> PipelineRun:
    spec |= {"trigger": cause.type.value, "triggerId": cause.id}
    return run(f"bikes-{cause.id[:10]}", created=NOW, **spec)


def test_a_first_snapshot_starts_a_run() -> None:
    (cause,) = due(pipeline())

    assert cause.type is TriggerType.NEW_SNAPSHOT
    assert cause.message == ("Snapshot sha256:aaaaaaaaaaaa with 1000 rows has not been trained on.")


def test_the_run_of_a_cause_serves_it() -> None:
    (cause,) = due(pipeline())

    assert due(pipeline(), started_for(cause)) == []


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        pytest.param({}, [], id="unchanged manifests"),
        pytest.param({"annotations": {"team": "bikes"}}, [], id="a note"),
        pytest.param({"compute": {"memory": "8Gi"}}, [], id="other pods"),
        pytest.param({"historyLimit": 3}, [], id="another history limit"),
        pytest.param({"generation": 9}, [], id="a new generation alone"),
        pytest.param({"training": {"epochs": 5}}, ["NewSnapshot"], id="an edited recipe"),
        pytest.param({"gates": []}, ["NewSnapshot"], id="edited gates"),
        pytest.param({"triggers": []}, [], id="no triggers"),
        pytest.param(
            {"triggers": [], "training": {"epochs": 5}}, [], id="an edit without triggers"
        ),
        pytest.param(REQUEST, ["Request"], id="a request"),
        pytest.param({"triggers": NIGHTLY}, ["Schedule"], id="a cron time"),
    ],
)
def test_what_starts_a_run_after_one(change: dict[str, Any], expected: list[str]) -> None:
    assert kinds(due(pipeline(**change), run())) == expected


def test_an_edited_recipe_names_the_run_before_it() -> None:
    (cause,) = due(pipeline(training={"epochs": 5}), run())

    assert cause.message == "The recipe was edited after run `bikes-3f9a1c20d7`."


def test_a_recipe_that_comes_back_is_run_again_under_another_identity() -> None:
    (first,) = due(pipeline())
    original = started_for(first)
    (edit,) = due(pipeline(training={"epochs": 5}), original)
    edited = started_for(edit, recipe={"training": {"epochs": 5}})

    (back,) = due(pipeline(), original, edited)

    assert back.id not in {first.id, edit.id}
    assert due(pipeline(), original, edited, started_for(back)) == []


def test_a_deleted_run_is_started_again_under_its_own_name() -> None:
    (first,) = due(pipeline())
    original = started_for(first)
    (second,) = due(pipeline(), original, digest=OTHER_DIGEST)

    (again,) = due(pipeline(), original, digest=OTHER_DIGEST)

    assert again.id == second.id


def test_a_request_is_served_once() -> None:
    subject = pipeline(**REQUEST)
    (request,) = due(subject, run())

    assert due(subject, run(), started_for(request, **REQUEST)) == []
    assert due(pipeline({"lastHandledRunRequest": "please-1"}, **REQUEST), run()) == []


def test_a_request_that_comes_back_is_served_by_its_run_or_by_a_new_one() -> None:
    subject = pipeline(**REQUEST)
    (first,) = due(subject, run())
    served = started_for(first, **REQUEST)
    other = run("bikes-other", triggerId="other")

    assert due(subject, served, other) == []
    (again,) = due(subject, other)
    assert again.id != first.id


def test_a_request_has_one_identity_whatever_the_snapshot() -> None:
    subject = pipeline(triggers=[], **REQUEST)

    assert due(subject, run()) == due(subject, run(), digest=OTHER_DIGEST)


def test_causes_that_come_together_are_told_together_the_request_first() -> None:
    subject = pipeline(triggers=BOTH, **REQUEST)

    assert kinds(due(subject)) == ["Request", "NewSnapshot", "Schedule"]


def test_a_run_that_started_after_a_cron_time_serves_it() -> None:
    late = run(created=CREATED + timedelta(minutes=31))

    assert due(pipeline(triggers=NIGHTLY), late) == []


def test_a_cron_time_that_was_acted_on_is_not_due_again() -> None:
    status = {"lastScheduleTime": CREATED + timedelta(minutes=30)}

    assert due(pipeline(status, triggers=NIGHTLY), run()) == []


def test_a_new_pipeline_does_not_make_up_for_cron_times_before_it() -> None:
    assert due(pipeline(triggers=[{"type": "Schedule", "cron": "0 23 * * *"}])) == []


def test_the_next_cron_time_is_the_first_of_all_schedules() -> None:
    hourly = {"type": "Schedule", "cron": "0 * * * *"}

    assert next_schedule_time(pipeline(triggers=[*NIGHTLY, hourly]), later(60)) == later(3600)
    assert next_schedule_time(pipeline(), NOW) is None


SERVING = (model({"champion": version()}),)
PENDING = monitor(status={"pending": pending()})
ACCEPTED = monitor(
    status={"pending": pending(), "lastHandledAcceptance": pending().trigger_id, "decisions": []}
)
"""A person accepted a suggestion so old that no decision tells of it any more."""
CAPTURING = dataset(
    source={"uri": "raw/bikes.csv", "capture": {"model": "bikes", "policy": "SinceLastSnapshot"}}
)
SEEN = run(triggerId="other")
"""The newest snapshot and recipe have been run on."""
RETRAINED = run("bikes-b", finished(modelDigest=OTHER_DIGEST), later(60), triggerId="trigger-b")
"""Another DriftMonitor's retrain has passed its gates."""
CHALLENGER = version("bikes-b", OTHER_DIGEST)
HELD = {"rollout": {"digest": OTHER_DIGEST, "state": "Held"}}
REJECTED = {"digest": OTHER_DIGEST, "run": "bikes-b", "time": NOW}


def verdicts(
    subject: Pipeline,
    monitors: tuple[DriftMonitor, ...],
    runs: tuple[PipelineRun, ...] = (SEEN,),
    **decided: Any,
) -> list[str]:
    known: dict[str, Any] = {"dataset": ingested(), "models": SERVING, "monitors": monitors}
    causes = due_causes(subject, snapshot(), runs, NOW, Decided(**(known | decided)))
    return [cause.id for cause in causes]


@pytest.mark.parametrize(
    ("subject", "monitors", "runs", "decided", "expected"),
    [
        pytest.param(pipeline(), (PENDING,), (SEEN,), {}, ["trigger-1"], id="a pending retrain"),
        pytest.param(pipeline(), (monitor(),), (SEEN,), {}, [], id="nothing is pending"),
        pytest.param(
            pipeline(triggers=[{"type": "NewSnapshot"}]), (PENDING,), (SEEN,), {}, [], id="deaf"
        ),
        pytest.param(
            pipeline(), (PENDING,), (run(triggerId="trigger-1"),), {}, [], id="a run serves it"
        ),
        pytest.param(
            pipeline(),
            (PENDING,),
            (run(triggerId="other", causes=["other", "trigger-1"]),),
            {},
            [],
            id="a run serves it with another cause",
        ),
        pytest.param(
            pipeline({"handledVerdicts": ["trigger-1"]}),
            (PENDING,),
            (SEEN,),
            {},
            [],
            id="its run is gone",
        ),
        pytest.param(
            pipeline(),
            (PENDING,),
            (SEEN,),
            {"models": (model({"champion": version(digest=OTHER_DIGEST)}),)},
            [],
            id="another version serves",
        ),
        pytest.param(pipeline(), (PENDING,), (SEEN,), {"models": ()}, [], id="no Model serves"),
        pytest.param(
            pipeline(),
            (monitor(status={"pending": pending()}, suspend=True),),
            (SEEN,),
            {},
            [],
            id="the DriftMonitor is suspended",
        ),
        pytest.param(
            pipeline(), (PENDING,), (SEEN,), {"dataset": CAPTURING}, [], id="rows are not there yet"
        ),
        pytest.param(
            pipeline(),
            (
                monitor(status={"pending": pending(2)}, name="late"),
                monitor(status={"pending": pending(1)}, name="early"),
            ),
            (SEEN,),
            {},
            ["trigger-1", "trigger-2"],
            id="two DriftMonitors, the earlier window first",
        ),
        pytest.param(
            pipeline(), (PENDING,), (SEEN, RETRAINED), {}, [], id="what another started is coming"
        ),
        pytest.param(
            pipeline(),
            (PENDING,),
            (SEEN, RETRAINED),
            {"models": (model({"champion": version(), "challenger": CHALLENGER}),)},
            [],
            id="it is on trial",
        ),
        pytest.param(
            pipeline(),
            (ACCEPTED,),
            (SEEN, RETRAINED),
            {"models": (model({"champion": version(), "challenger": CHALLENGER}),)},
            ["trigger-1"],
            id="a person accepted while it is on trial",
        ),
        pytest.param(
            pipeline(),
            (PENDING,),
            (SEEN, RETRAINED),
            {"models": (model({"champion": version(), "challenger": CHALLENGER} | HELD),)},
            ["trigger-1"],
            id="it is held",
        ),
        pytest.param(
            pipeline(),
            (PENDING,),
            (SEEN, RETRAINED),
            {"models": (model({"champion": version(), "rejected": [REJECTED]}),)},
            ["trigger-1"],
            id="it was rolled back",
        ),
    ],
)
def test_what_was_decided_starts_a_run_once(
    subject: Pipeline,
    monitors: tuple[DriftMonitor, ...],
    runs: tuple[PipelineRun, ...],
    decided: dict[str, Any],
    expected: list[str],
) -> None:
    assert verdicts(subject, monitors, runs, **decided) == expected


def test_a_decision_comes_after_a_person_and_before_a_snapshot() -> None:
    known = Decided(ingested(), SERVING, (PENDING,))
    causes = due_causes(pipeline(**REQUEST), snapshot(), (), NOW, known)

    assert kinds(causes) == ["Request", "Verdict", "NewSnapshot"]
    assert causes[1].message == "DriftMonitor `bikes`: Quality fell."


def test_a_snapshot_up_to_the_windows_end_lets_the_decision_start() -> None:
    known = Decided(CAPTURING, SERVING, (PENDING,))
    through = snapshot().model_copy(update={"captured_through": end_of(1)})

    assert kinds(due_causes(pipeline(), through, (SEEN,), NOW, known)) == ["Verdict"]
