"""No retrain while the last change is on its way."""

import pytest

from support.decisions import pending
from support.specs import DIGEST
from trimtab_operator.api.monitor_status import PendingRetrain
from trimtab_operator.domain.one_in_flight import one_in_flight


@pytest.mark.parametrize(
    ("waiting", "run", "challenger", "words"),
    [
        pytest.param(
            pending(),
            None,
            None,
            "In flight: the retrain for the window that ended 2026-01-02T00:00:00Z has not ended.",
            id="a pending retrain",
        ),
        pytest.param(None, "bikes-1", None, "In flight: run `bikes-1` is not finished.", id="run"),
        pytest.param(
            None, None, DIGEST, "In flight: challenger sha256:aaaaaaaaaaaa is in rollout.", id="new"
        ),
        pytest.param(None, None, None, "", id="nothing"),
    ],
)
def test_one_in_flight(
    waiting: PendingRetrain | None, run: str | None, challenger: str | None, words: str
) -> None:
    found = one_in_flight(waiting, run, challenger)

    assert (found.message if found is not None else "") == words
