"""How many retrains failed in a row."""

from datetime import datetime, timedelta

import pytest

from support.decisions import retrain
from support.worlds import NOW
from trimtab_operator.domain.failed_retrains import failed_in_a_row


@pytest.mark.parametrize(
    ("states", "since", "expected"),
    [
        pytest.param([], None, 0, id="none"),
        pytest.param(["Failed"], None, 1, id="one"),
        pytest.param(["Failed", "Failed"], None, 2, id="two"),
        pytest.param(["Failed", "Passed"], None, 0, id="a success ends the row"),
        pytest.param(["Failed", "Passed", "Failed"], None, 1, id="and a new one begins"),
        pytest.param(["Failed", "Deleted", "Failed"], None, 2, id="a deleted run says nothing"),
        pytest.param(["Failed", "Withdrawn"], None, 1, id="one that never ran says nothing"),
        pytest.param(["Failed", "RolledBack"], None, 2, id="a rollback is a failure"),
        pytest.param(["Failed", "Running"], None, 1, id="one at work says nothing yet"),
        pytest.param(["Failed"], NOW, 0, id="before the breaker was reset"),
        pytest.param(["Failed"], NOW - timedelta(hours=2), 1, id="after the breaker was reset"),
    ],
)
def test_failed_in_a_row(states: list[str], since: datetime | None, expected: int) -> None:
    retrains = [retrain(number, state) for number, state in enumerate(states, start=1)]

    assert len(failed_in_a_row(retrains, since)) == expected
