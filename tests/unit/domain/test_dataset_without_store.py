"""A Dataset whose store is away says what it has, and which ingest waits."""

import pytest

from support.dataset_worlds import plan, world
from support.worlds import (
    LOST_STORE,
    NO_STORE,
    NOW,
    condition,
    dataset,
    ingest_commit,
    job,
    later,
    message,
    snapshot,
    steps,
    told,
)
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.identity import ingest_id, rules_id
from trimtab_operator.domain.observed import StorageView


def test_a_finished_job_is_not_judged_while_the_store_is_lost() -> None:
    result = plan(dataset(), world(LOST_STORE, job=job(complete=True)))

    assert told(result)["Ready"] == "False StoreUnreachable"
    assert "Stalled" not in told(result)


def test_a_snapshot_that_was_seen_stays_ready_while_the_store_is_lost() -> None:
    subject = dataset({"snapshot": snapshot(ingest_id=ingest_id(dataset(), NOW))})

    result = plan(subject, world(LOST_STORE))

    assert told(result)["Ready"] == "True SnapshotCurrent"
    assert told(result)["StorageReachable"] == "False StoreUnreachable"


BEFORE = f"{rules_id(dataset())}-before"
FAILED = {"ingestId": BEFORE, "reason": "OutOfMemory", "message": "Too small.", "time": NOW}
REFRESH = {"annotations": {"trimtab.dev/refresh-requested": "now"}}


@pytest.mark.parametrize(
    ("subject", "conditions"),
    [
        pytest.param(
            dataset({"snapshot": snapshot(ingest_id=BEFORE), "ingestId": BEFORE}, **REFRESH),
            {"Ready": "True SnapshotCurrent", "Reconciling": "True StoreUnreachable"},
            id="a snapshot by the same rules",
        ),
        pytest.param(
            dataset(
                {"snapshot": snapshot(ingest_id=BEFORE), "ingestId": BEFORE},
                split={"test": "0.3"},
                **REFRESH,
            ),
            {"Ready": "False StoreUnreachable", "Reconciling": "True StoreUnreachable"},
            id="a snapshot by former rules",
        ),
        pytest.param(
            dataset({"ingestId": BEFORE, "failedIngest": FAILED}, **REFRESH),
            {"Ready": "False StoreUnreachable", "Reconciling": "True StoreUnreachable"},
            id="an ingest that failed",
        ),
    ],
)
def test_an_ingest_that_is_due_while_the_store_is_lost_converges(
    subject: Dataset, conditions: dict[str, str]
) -> None:
    seen, first = world(LOST_STORE), plan(subject, world(LOST_STORE))
    second = plan_dataset(subject.model_copy(update={"status": first.status}), seen, later(10))
    third = plan_dataset(subject.model_copy(update={"status": second.status}), seen, later(20))

    assert first.status == second.status == third.status
    assert {kind: told(third).get(kind) for kind in ("Ready", "Reconciling")} == conditions
    assert "s3.test does not answer" in message(third, "Ready")


def test_both_the_snapshot_and_the_ingest_that_waits_for_the_store_are_told() -> None:
    subject = dataset({"snapshot": snapshot(ingest_id=BEFORE), "ingestId": BEFORE}, **REFRESH)

    result = plan(subject, world(LOST_STORE))

    assert message(result, "Ready") == (
        "The snapshot follows the current rules; a newer one is on its way. "
        f"Ingest {ingest_id(subject, NOW)} is due and waits for the store. s3.test does not answer."
    )


def test_an_ingest_whose_end_the_lost_store_hides_is_not_started_anew() -> None:
    at_work = dataset({"ingestId": BEFORE, "conditions": [condition("Reconciling")]}, **REFRESH)
    waiting = plan(at_work, world(LOST_STORE, job=job(complete=True)))
    read = at_work.model_copy(update={"status": waiting.status})

    found = plan(read, world(job=job(complete=True), commit=ingest_commit(BEFORE)))

    assert steps(found) == ["Record SnapshotCommitted", "Emit SnapshotCommitted"]


def test_a_snapshot_whose_commit_is_gone_is_made_again() -> None:
    subject = dataset({"snapshot": snapshot(ingest_id=ingest_id(dataset(), NOW))})

    assert steps(plan(subject, world()))[0].startswith("Create ConfigMap")


@pytest.mark.parametrize(
    ("storage", "reason"),
    [
        pytest.param(NO_STORE, "StorageNotConfigured", id="no bucket for the namespace"),
        pytest.param(LOST_STORE, "StoreUnreachable", id="the store does not answer"),
    ],
)
def test_nothing_starts_without_a_store(storage: StorageView, reason: str) -> None:
    result = plan(dataset(), world(storage))

    assert steps(result) == []
    assert told(result)["StorageReachable"] == f"False {reason}"
    assert told(result)["Ready"] == f"False {reason}"
    assert result.requeue_after is not None
