"""What the state of the store means, with the next step."""

import pytest

from support.worlds import LOST_STORE, NO_STORE, RELEASE, STORE
from trimtab_operator.domain.observed import StorageView
from trimtab_operator.domain.storage import storage_verdict


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
