"""Each failed retrain doubles the pause, up to seven days."""

from datetime import timedelta

import pytest

from support.decisions import retrain
from support.worlds import NOW, later
from trimtab_operator.domain.failure_backoff import failure_backoff, pause

HOUR = 3600


@pytest.mark.parametrize(
    ("failures", "seconds", "expected"),
    [
        pytest.param(1, HOUR, timedelta(hours=1), id="first"),
        pytest.param(2, HOUR, timedelta(hours=2), id="second"),
        pytest.param(5, HOUR, timedelta(hours=16), id="fifth"),
        pytest.param(9, HOUR, timedelta(days=7), id="longest"),
        pytest.param(32, HOUR, timedelta(days=7), id="far beyond"),
        pytest.param(3, 0, timedelta(0), id="none"),
    ],
)
def test_pause(failures: int, seconds: int, expected: timedelta) -> None:
    assert pause(failures, seconds) == expected


@pytest.mark.parametrize(
    ("after", "waits"),
    [
        pytest.param(HOUR - 1, True, id="a second too early"),
        pytest.param(HOUR, False, id="on time"),
    ],
)
def test_the_pause_begins_with_the_end_of_the_last_failure(after: float, *, waits: bool) -> None:
    failed = [retrain(1, "Failed", endTime=NOW)]

    assert (failure_backoff(failed, HOUR, later(after)) is not None) is waits


def test_without_failures_there_is_no_pause() -> None:
    assert failure_backoff([], HOUR, NOW) is None


def test_the_message_says_when_it_ends() -> None:
    failed = [retrain(1, "Failed"), retrain(2, "Failed", endTime=NOW)]
    found = failure_backoff(failed, HOUR, NOW)

    assert found is not None
    assert found.message == "Backoff: 2 failed in a row; the pause ends 2026-01-01T03:00:00Z."
