"""So many retrains in 30 days of wall time."""

from datetime import timedelta

import pytest

from support.decisions import retrain
from support.worlds import NOW
from trimtab_operator.api.monitor_status import Retrain
from trimtab_operator.domain.run_budget import run_budget

OLD = NOW - timedelta(days=30)
RECENT = NOW - timedelta(days=29)


@pytest.mark.parametrize(
    ("retrains", "limit", "spent"),
    [
        pytest.param([], 1, False, id="nothing spent"),
        pytest.param([], 0, True, id="nothing to spend"),
        pytest.param([retrain(1)], 2, False, id="one of two"),
        pytest.param([retrain(1), retrain(2)], 2, True, id="two of two"),
        pytest.param([retrain(1, time=OLD)], 1, False, id="thirty days ago"),
        pytest.param([retrain(1, time=RECENT)], 1, True, id="twenty-nine days ago"),
        pytest.param([retrain(1, "Withdrawn")], 1, False, id="one that never ran costs nothing"),
        pytest.param([retrain(1, "Failed")], 1, True, id="one that failed costs as much"),
        pytest.param([retrain(1, "Deleted")], 1, True, id="one that was deleted as well"),
    ],
)
def test_budget(retrains: list[Retrain], limit: int, *, spent: bool) -> None:
    assert (run_budget(retrains, limit, NOW) is not None) is spent


def test_the_message_says_when_the_next_is_free() -> None:
    found = run_budget([retrain(1, time=RECENT), retrain(2)], 2, NOW)

    assert found is not None
    assert found.message == (
        "Budget: 2 of 2 retrains within 30 days are spent; the next is free at "
        "2026-01-02T01:00:00Z."
    )
