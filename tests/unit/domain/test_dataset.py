"""What a Dataset needs next, told as conditions and actions."""

from dataclasses import replace

from support.dataset_worlds import plan, world
from support.decided import CAPTURE, day, decided
from support.ended_ingests import FAILED_JOB, UNREACHABLE
from support.worlds import (
    NOW,
    OTHER_DIGEST,
    RELEASE,
    condition,
    dataset,
    ingest_commit,
    job,
    later,
    message,
    pod,
    snapshot,
    steps,
    told,
)
from trimtab_operator.api.dataset import CaptureStatus, DatasetStatus
from trimtab_operator.domain.capture_plan import due_capture
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.identity import ingest_id, rules_id
from trimtab_operator.domain.plan import Create, Plan
from trimtab_operator.manifests.ingest_job import build_ingest
from trimtab_stages.contract.capture import TimeRange
from trimtab_stages.contract.run import IngestSpec


def test_a_new_dataset_starts_its_ingest() -> None:
    subject = dataset()
    due = ingest_id(subject, NOW)

    result = plan(subject, world())

    assert steps(result) == [f"Create ConfigMap/bikes-{due}", f"Create Job/bikes-{due}"]
    assert told(result) == {
        "Ready": "False Ingesting",
        "Reconciling": "True Ingesting",
        "Validated": "True Valid",
        "StorageReachable": "True Stored",
        "Paused": "False Resumed",
    }
    assert result.status.observed_generation == 1


def test_a_commit_becomes_the_snapshot_and_is_recorded_first() -> None:
    subject = dataset()

    result = plan(
        subject, world(job=job(complete=True), commit=ingest_commit(ingest_id(subject, NOW)))
    )

    assert steps(result) == ["Record SnapshotCommitted", "Emit SnapshotCommitted"]
    assert told(result)["Ready"] == "True SnapshotCurrent"
    assert told(result)["TimestampsTrusted"] == "True Trusted"
    assert "Reconciling" not in told(result)
    assert message(result, "Ready") == (
        "Snapshot sha256:aaaaaaaaaaaa has 1000 rows up to 2026-01-01T00:00:00Z, 3 in quarantine."
    )


def test_the_same_content_again_is_not_recorded_again() -> None:
    subject = dataset({"snapshot": snapshot()})

    result = plan(subject, world(commit=ingest_commit(ingest_id(subject, NOW))))

    assert steps(result) == []
    assert told(result)["Ready"] == "True SnapshotCurrent"


def test_a_planned_status_planned_again_is_unchanged() -> None:
    subject = dataset()
    seen = world(commit=ingest_commit(ingest_id(subject, NOW)))
    first = plan(subject, seen)

    again = plan_dataset(subject.model_copy(update={"status": first.status}), seen, later(60))

    assert again.status == first.status
    assert again.actions == ()


def test_edited_rules_end_the_ingest_at_work_and_start_another() -> None:
    old = dataset()
    at_work = ingest_id(old, NOW)
    status = {"ingestId": at_work, "conditions": [condition("Reconciling")]}
    edited = dataset(status, split={"test": "0.3"})
    due = ingest_id(edited, NOW)

    result = plan(edited, world())

    assert due != at_work
    assert steps(result) == [
        f"Delete Job/bikes-{at_work}",
        f"Delete ConfigMap/bikes-{at_work}",
        f"Create ConfigMap/bikes-{due}",
        f"Create Job/bikes-{due}",
    ]


def told_to_ingest(result: Plan) -> IngestSpec:
    """Return the specification in the ConfigMap that a plan creates."""
    (body,) = [
        action.manifest
        for action in result.actions
        if isinstance(action, Create) and action.manifest["kind"] == "ConfigMap"
    ]
    return IngestSpec.from_bytes(body["data"]["spec.json"].encode())


def status_of(result: Plan) -> DatasetStatus:
    assert isinstance(result.status, DatasetStatus)
    return result.status


def test_before_any_decision_the_file_alone_is_ingested() -> None:
    result = plan(dataset(source=CAPTURE), world(monitors=(decided(),)))

    assert told_to_ingest(result).capture is None
    assert status_of(result).capture == CaptureStatus(model="bikes")


def test_a_decision_starts_an_ingest_with_captured_rows_and_keeps_the_snapshot_ready() -> None:
    rules = rules_id(dataset(source=CAPTURE))
    status = {"snapshot": snapshot(ingest_id=f"{rules}-before"), "ingestId": f"{rules}-before"}
    subject = dataset(status, source=CAPTURE)

    result = plan(subject, world(monitors=(decided(3, faults=[1]),)))

    capture = told_to_ingest(result).capture
    assert capture is not None
    assert (capture.through, capture.excluded) == (day(4), [TimeRange(start=day(1), end=day(2))])
    assert told(result)["Ready"] == "True SnapshotCurrent"
    assert "with rows of Model `bikes` before 2026-01-05T00:00:00Z" in message(result, "Ready")
    written = status_of(result)
    assert written.ingest_id == ingest_id(subject, NOW, capture)
    assert written.capture is not None
    assert written.capture.through == day(4)


def test_the_commit_of_captured_rows_is_told_and_the_same_decision_starts_nothing_more() -> None:
    subject = dataset(source=CAPTURE)
    monitors = (decided(3),)
    due = ingest_id(subject, NOW, due_capture(subject, monitors))
    commit = ingest_commit(due).model_copy(update={"captured_rows": 70, "captured_through": day(4)})

    first = plan(subject, world(commit=commit, monitors=monitors))
    again = subject.model_copy(update={"status": first.status})
    for seen in (monitors, (decided(),), (decided(2, faults=[3]),)):
        second = plan_dataset(again, world(commit=commit, monitors=seen), later(60))
        assert ingest_id(again, NOW, due_capture(again, seen)) == due
        assert second.actions == ()

    assert steps(first) == ["Record SnapshotCommitted", "Emit SnapshotCommitted"]
    kept = status_of(first).snapshot
    assert kept is not None
    assert (kept.captured_rows, kept.captured_through) == (70, day(4))
    assert "70 of them were captured before 2026-01-05T00:00:00Z" in message(first, "Ready")


def test_an_ingest_that_is_made_again_gets_the_rows_that_it_was_told() -> None:
    """Other pods do not change what is ingested, though a later decision has come meanwhile."""
    first = plan(dataset(source=CAPTURE), world(monitors=(decided(3),)))
    edited = dataset(source=CAPTURE, compute={"memory": "8Gi"})
    edited = edited.model_copy(update={"status": first.status})

    result = plan(edited, world(monitors=(decided(9, faults=[5]),)))

    assert told_to_ingest(result) == told_to_ingest(first)


def test_without_capture_in_the_spec_nothing_of_it_stays_in_the_status() -> None:
    known = {"capture": {"model": "bikes", "through": day(4)}}

    result = plan(dataset(known), world())

    assert status_of(result).capture is None
    assert told_to_ingest(result).capture is None


def test_a_snapshot_by_the_same_rules_stays_ready_during_a_refresh() -> None:
    rules = ingest_id(dataset(), NOW).partition("-")[0]
    subject = dataset(
        {"snapshot": snapshot(ingest_id=f"{rules}-before")},
        annotations={"trimtab.dev/refresh-requested": "now"},
    )

    result = plan(subject, world(job=job(pod())))

    assert told(result)["Ready"] == "True SnapshotCurrent"
    assert told(result)["Reconciling"] == "True Ingesting"


def test_a_snapshot_by_other_rules_is_not_what_the_spec_asks() -> None:
    result = plan(dataset({"snapshot": snapshot(OTHER_DIGEST)}), world(job=job(pod())))

    assert told(result)["Ready"] == "False Ingesting"


def test_a_final_failure_stalls_with_the_pods_own_words_and_the_next_step() -> None:
    result = plan(dataset(), world(job=FAILED_JOB))

    assert steps(result) == ["Emit MissingColumn"]
    assert told(result)["Stalled"] == "True MissingColumn"
    assert message(result, "Ready") == (
        "raw/bikes.csv has no column count. To try again, edit the Dataset, or annotate it with a "
        "new value of `trimtab.dev/refresh-requested`."
    )


def test_a_failed_attempt_says_why_while_the_next_one_is_waited_for() -> None:
    result = plan(dataset(), world(job=job(UNREACHABLE, failed=1)))

    assert told(result)["Ready"] == "False Retrying"
    assert told(result)["StorageReachable"] == "False StoreUnreachable"
    assert message(result, "StorageReachable") == "Nobody listens at s3.test."
    assert message(result, "Ready") == (
        "1 of 4 attempts started; the next one starts by itself. Last: Nobody listens at s3.test."
    )


def test_a_new_attempt_has_said_nothing_of_the_store_yet() -> None:
    result = plan(dataset(), world(job=job(UNREACHABLE, pod("pod-1"), failed=1)))

    assert told(result)["Ready"] == "False Ingesting"
    assert told(result)["StorageReachable"] == "True Stored"


def test_what_the_last_attempt_said_of_the_store_stays() -> None:
    failed = job(UNREACHABLE, failed=4, failure_reason="MaxFailedIndexesExceeded")

    result = plan(dataset(), world(job=failed))

    assert told(result)["Stalled"] == "True AttemptsExhausted"
    assert told(result)["StorageReachable"] == "False StoreUnreachable"


def test_edited_pods_replace_the_job_that_has_no_commit() -> None:
    seen = world(job=replace(FAILED_JOB, name="bikes-x", compute="other"))

    result = plan(dataset(compute={"memory": "8Gi"}), seen)

    assert steps(result) == ["Delete Job/bikes-x"]
    assert told(result)["Ready"] == "False Ingesting"


def test_a_job_that_is_going_is_waited_for() -> None:
    seen = world(job=replace(FAILED_JOB, compute="other", deleting=True))

    assert steps(plan(dataset(), seen)) == []


def test_edited_pods_leave_a_committed_ingest_alone() -> None:
    subject = dataset(compute={"memory": "8Gi"})
    seen = world(
        job=job(complete=True, compute="other"), commit=ingest_commit(ingest_id(subject, NOW))
    )

    assert "Delete Job" not in " ".join(steps(plan(subject, seen)))


def test_a_job_knows_the_pods_that_it_was_made_with() -> None:
    made = build_ingest(dataset(), RELEASE, "x")[1]["metadata"]["labels"]["trimtab.dev/compute"]

    same = plan(dataset(), world(job=job(pod(), compute=made)))

    assert steps(same) == []
    assert (
        made
        != build_ingest(dataset(compute={"cpu": "2"}), RELEASE, "x")[1]["metadata"]["labels"][
            "trimtab.dev/compute"
        ]
    )


def test_a_known_failure_is_not_announced_again() -> None:
    result = plan(dataset({"conditions": [condition("Stalled")]}), world(job=FAILED_JOB))

    assert steps(result) == []


def test_a_finished_job_without_a_commit_stalls() -> None:
    result = plan(dataset(), world(job=job(complete=True)))

    assert told(result)["Stalled"] == "True CommitMissing"


def test_a_contradicting_spec_stalls_and_starts_nothing() -> None:
    result = plan(dataset(lags=[{"column": "rain", "steps": [1]}]), world())

    assert steps(result) == []
    assert told(result)["Validated"] == "False InvalidSpec"
    assert told(result)["Stalled"] == "True InvalidSpec"
    assert message(result, "Validated") == (
        "`spec.lags[0].column`: column `rain` is not in `spec.columns`; declare it, or correct the "
        "name."
    )


def test_suspend_ends_the_ingest_at_work_and_keeps_the_snapshot() -> None:
    subject = dataset({"snapshot": snapshot()}, suspend=True)
    due = ingest_id(subject, NOW)

    result = plan(subject, world(job=job(pod())))

    assert steps(result) == [f"Delete Job/bikes-{due}", f"Delete ConfigMap/bikes-{due}"]
    assert told(result)["Ready"] == "True Suspended"
    assert told(result)["Paused"] == "True Suspended"


def test_a_suspended_dataset_starts_nothing() -> None:
    result = plan(dataset(suspend=True), world())

    assert steps(result) == []
    assert told(result)["Ready"] == "False Suspended"


def test_a_deleted_dataset_is_left_alone() -> None:
    subject = dataset()
    gone = subject.metadata.model_copy(update={"deletion_timestamp": NOW})

    result = plan(subject.model_copy(update={"metadata": gone}), world())

    assert result.actions == ()
    assert result.status == subject.status


def test_a_refresh_is_looked_for_when_it_is_due() -> None:
    subject = dataset(refreshSeconds=7200)

    result = plan(subject, world(commit=ingest_commit(ingest_id(subject, NOW))))

    assert result.requeue_after == 3600.0
