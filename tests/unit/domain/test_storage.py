"""What the state of the store means, with the next step."""

import pytest

from support.worlds import LOST_STORE, NO_STORE, RELEASE, STORE, job, pod
from trimtab_operator.domain.observed import JobView, PodView, StorageView
from trimtab_operator.domain.pod_faults import Place
from trimtab_operator.domain.storage import seen_from_pods, storage_verdict
from trimtab_stages.contract.reasons import StageReason
from trimtab_stages.contract.run import Termination

PLACE = Place(owner="Dataset `bikes`", settings="spec.compute", storage_secret="trimtab-storage")  # noqa: S106 - a name


@pytest.mark.parametrize(
    ("view", "status", "reason", "message"),
    [
        pytest.param(STORE, "True", "Stored", "The store answers.", id="it answers"),
        pytest.param(
            NO_STORE,
            "False",
            "StorageNotConfigured",
            "The operator knows no bucket for namespace `demo`. Name one in the chart's values "
            "under `storage`, and see that the Secret `trimtab-storage` exists in the namespace.",
            id="no bucket is known",
        ),
        pytest.param(
            LOST_STORE, "False", "StoreUnreachable", "s3.test does not answer.", id="it is away"
        ),
        pytest.param(
            StorageView(configured=True, reachable=False),
            "False",
            "StoreUnreachable",
            "The store does not answer.",
            id="it is away and nobody knows why",
        ),
        pytest.param(
            StorageView(configured=True, reachable=False, reason="AccessDenied", message="No."),
            "False",
            "AccessDenied",
            "No.",
            id="it refuses",
        ),
    ],
)
def test_storage(view: StorageView, status: str, reason: str, message: str) -> None:
    verdict = storage_verdict(view, RELEASE, "demo")

    assert (verdict.status, verdict.reason, verdict.message) == (status, reason, message)


def ended(reason: StageReason) -> PodView:
    words = Termination(reason=reason, message=f"{reason}.").model_dump_json()
    return pod(phase="Failed", exit_code=3, termination_message=words)


@pytest.mark.parametrize(
    ("view", "seen", "expected"),
    [
        pytest.param(STORE, job(), "True Stored", id="no pod has ended"),
        pytest.param(
            STORE, job(ended(StageReason.NAN_LOSS)), "True Stored", id="another fault than its own"
        ),
        *(
            pytest.param(STORE, job(ended(reason)), f"False {reason}", id=reason)
            for reason in (
                StageReason.BUCKET_MISSING,
                StageReason.WRONG_CREDENTIALS,
                StageReason.ACCESS_DENIED,
                StageReason.STORE_UNREACHABLE,
                StageReason.CONDITIONAL_WRITE_UNSUPPORTED,
            )
        ),
        pytest.param(
            LOST_STORE,
            job(ended(StageReason.BUCKET_MISSING)),
            "False StoreUnreachable",
            id="what the operator sees itself comes first",
        ),
        pytest.param(
            STORE,
            job(ended(StageReason.STORE_UNREACHABLE), pod("pod-1")),
            "True Stored",
            id="a newer pod is at work",
        ),
    ],
)
def test_what_pods_say_of_the_store(view: StorageView, seen: JobView, expected: str) -> None:
    verdict = seen_from_pods(storage_verdict(view, RELEASE, "demo"), seen, PLACE)

    assert f"{verdict.status} {verdict.reason}" == expected
