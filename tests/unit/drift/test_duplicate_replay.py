"""Rows that were sent again."""

from dataclasses import replace

import numpy as np
import pytest

from support.windows import Rows, records_of, rows_of, spaced, together
from trimtab_stages.drift.duplicate_replay import MOST_REPEATED, repeated_rows

ROWS = rows_of(np.zeros((400, 1)), ["x"])


def twice(rows: Rows, share: float, delay_ns: int = 10**9) -> Rows:
    """Return the rows with the first of them sent once more."""
    again = rows.take(slice(0, int(len(rows) * share)))
    late = replace(again, received_ns=again.received_ns + delay_ns)
    return together(rows, late)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        pytest.param(ROWS, 0.0, id="each row once"),
        pytest.param(twice(ROWS, 1.0), 0.5, id="all rows twice"),
        pytest.param(twice(ROWS, 0.1), 40 / 440, id="a tenth of them twice"),
        pytest.param(twice(ROWS, 1.0, delay_ns=0), 0.0, id="alike in one request"),
        pytest.param(twice(ROWS.take(slice(0, 14)), 1.0), 0.0, id="too few rows"),
        pytest.param(
            replace(ROWS, event_ns=np.zeros_like(ROWS.event_ns)), 0.0, id="all at one time"
        ),
    ],
)
def test_the_share_of_rows_that_repeat_an_earlier_one(rows: Rows, expected: float) -> None:
    assert repeated_rows(records_of(rows)).share == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize("scores", [1, 3, 20])
def test_rows_that_are_alike_by_chance_are_no_repetition(scores: int) -> None:
    random = np.random.default_rng(scores)
    rows = rows_of(np.zeros((2000, 1)), ["x"])
    hours = replace(
        rows,
        event_ns=rows.event_ns[0] + random.integers(0, 100, 2000) * 3_600_000_000_000,
        scores=random.integers(0, scores, 2000).astype(np.float32) / np.float32(20),
    )

    assert repeated_rows(records_of(hours)).share < 0.05


def test_rows_without_a_score_are_told_apart_by_time_alone() -> None:
    rows = replace(ROWS, scores=np.full(len(ROWS), np.nan, np.float32))

    assert repeated_rows(records_of(rows)).share == 0.0


def test_no_rows_repeat_nothing() -> None:
    assert repeated_rows(records_of(ROWS.take(slice(0, 0)))).share == 0.0


HOUR_NS = 3_600_000_000_000
MONTH = spaced(rows_of(np.zeros((720, 1)), ["x"]), HOUR_NS)


def again(chosen: np.ndarray) -> Rows:
    """Return a month of hourly rows of which some come once more, a minute later."""
    late = MONTH.take(np.flatnonzero(chosen))
    return together(MONTH, replace(late, received_ns=late.received_ns + 60 * 10**9))


@pytest.mark.parametrize(
    ("chosen", "replay"),
    [
        pytest.param(np.arange(720) // 24 == 9, True, id="one day"),
        pytest.param(np.arange(720) % 25 == 0, False, id="as many all over the month"),
        pytest.param(np.arange(720) < 7, False, id="seven in a row"),
    ],
)
def test_a_day_of_a_month_is_a_replay(chosen: np.ndarray, *, replay: bool) -> None:
    found = repeated_rows(records_of(again(chosen)))

    assert found.share < MOST_REPEATED
    assert found.is_replay is replay
    assert found.rows.nonzero()[0].tolist() == list(range(720, 720 + int(chosen.sum())))
