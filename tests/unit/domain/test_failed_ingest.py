"""A retrain whose captured rows no ingest will bring has failed."""

from typing import Any

import pytest

from support.decided import CAPTURE, decided
from support.decisions import end_of, monitor, monitored_world, pending, retrain
from support.ended_ingests import FAILED_JOB
from support.worlds import (
    CREATED,
    NOW,
    RELEASE,
    STORE,
    condition,
    dataset,
    later,
    message,
    snapshot,
    steps,
    told,
)
from trimtab_operator.api.dataset import Dataset, DatasetStatus
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.domain.capture_plan import due_capture
from trimtab_operator.domain.dataset import plan_dataset
from trimtab_operator.domain.driftmonitor import plan_driftmonitor
from trimtab_operator.domain.failed_ingest import unless_ingest_failed
from trimtab_operator.domain.identity import ingest_id, rules_id
from trimtab_operator.domain.observed import ObservedDataset

WAITING = monitor(status={"pending": pending(), "retrains": [retrain(1, "Pending")]})


def taking_in(status: dict[str, Any] | None = None, **more: Any) -> Dataset:
    """Return a Dataset that was told of the window of day 1; its snapshot does not reach so far."""
    rules = rules_id(dataset(source=CAPTURE))
    known = {
        "snapshot": snapshot(ingest_id=f"{rules}-before"),
        "capture": {"model": "bikes", "through": end_of(1)},
    }
    return dataset(known | (status or {}), source=CAPTURE, **more)


def due() -> str:
    return ingest_id(taking_in(), NOW, due_capture(taking_in(), ()))


def failure(ingest: str = "") -> dict[str, Any]:
    """Return the status of a Dataset whose ingest has failed."""
    failed = {
        "ingestId": ingest or due(),
        "reason": "OutOfMemory",
        "message": "A process of pod `p` was killed for memory. Raise `spec.compute.memory`.",
        "time": CREATED,
    }
    return {"ingestId": failed["ingestId"], "failedIngest": failed}


CASES = [
    pytest.param(taking_in(failure()), "Failed", id="the ingest of its rows failed"),
    pytest.param(taking_in(), "Pending", id="the ingest has not ended"),
    pytest.param(taking_in(failure("other-1")), "Pending", id="a former ingest failed"),
    pytest.param(
        taking_in(failure(), annotations={"trimtab.dev/refresh-requested": "again"}),
        "Pending",
        id="a person has asked for another one",
    ),
    pytest.param(
        taking_in(failure(), refreshSeconds=60), "Pending", id="the next refresh is due already"
    ),
    pytest.param(
        taking_in(failure() | {"capture": {"model": "bikes", "through": CREATED}}),
        "Pending",
        id="it was not told of the window",
    ),
    pytest.param(
        taking_in(
            failure()
            | {
                "snapshot": snapshot(ingest_id=f"{due().partition('-')[0]}-before").model_copy(
                    update={"captured_through": end_of(1)}
                )
            }
        ),
        "Pending",
        id="the snapshot has its rows all the same",
    ),
    pytest.param(dataset(failure()), "Pending", id="the Dataset takes no captured rows in"),
    pytest.param(None, "Pending", id="the Dataset cannot be read"),
]


@pytest.mark.parametrize(("trained_on", "expected"), CASES)
def test_a_pending_retrain_is(trained_on: Dataset | None, expected: str) -> None:
    found = unless_ingest_failed(retrain(1, "Pending"), trained_on, NOW)

    assert found.state == expected


@pytest.mark.parametrize("state", ["Running", "Passed", "Withdrawn", "Deleted"])
def test_one_that_does_not_wait_any_more_stays(state: str) -> None:
    before = retrain(1, state)

    assert unless_ingest_failed(before, taking_in(failure()), NOW) == before


def test_its_end_is_recorded_once_told_and_counted() -> None:
    seen = monitored_world(dataset=taking_in(failure()))
    found = plan_driftmonitor(WAITING, seen, NOW)
    assert isinstance(found.status, DriftMonitorStatus)
    (ended,) = found.status.retrains

    assert steps(found) == ["Record RetrainEnded", "Emit RetrainEnded"]
    assert (ended.state, ended.reason, ended.end_time) == ("Failed", "OutOfMemory", NOW)
    assert found.status.pending is None
    assert found.status.breaker.failures == 1
    assert told(found)["RetrainPending"] == "False RetrainFailed"
    assert message(found, "RetrainPending").startswith(
        f"Retrain for the window that ended 2026-01-02T00:00:00Z: ingest `{due()}` of Dataset "
        "`bikes` failed: A process of pod `p` was killed for memory. Raise `spec.compute.memory`."
    )
    again = WAITING.model_copy(update={"status": found.status})
    assert plan_driftmonitor(again, seen, later(60)).actions == ()


def test_from_a_failed_job_to_the_failed_retrain() -> None:
    """What the Dataset says of its Job is what ends the retrain."""
    subject = taking_in()
    at_work = taking_in({"ingestId": due(), "conditions": [condition("Reconciling")]})
    world = ObservedDataset(RELEASE, STORE, job=FAILED_JOB, monitors=(decided(retrain=0),))
    stalled = plan_dataset(at_work, world, NOW)
    assert isinstance(stalled.status, DatasetStatus)
    assert stalled.status.failed_ingest is not None
    assert stalled.status.failed_ingest.ingest_id == due()

    read = subject.model_copy(update={"status": stalled.status})
    ended = plan_driftmonitor(WAITING, monitored_world(dataset=read), NOW)

    assert isinstance(ended.status, DriftMonitorStatus)
    assert [item.state for item in ended.status.retrains] == ["Failed"]
