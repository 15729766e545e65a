"""Event times against arrivals."""

from dataclasses import replace

import numpy as np
import pytest

from support.windows import MINUTE_NS, Rows, records_of, rows_of, spaced
from trimtab_stages.drift.clock_skew import MOST_SKEWED, clock_skew

SECOND_NS = 1_000_000_000
HOUR_NS = 60 * MINUTE_NS
ROWS = rows_of(np.zeros((600, 1)), ["x"])


def moved(share: float, by_ns: int) -> Rows:
    """Return rows of which a share has event times that are off."""
    event = ROWS.event_ns.copy()
    event[100 : 100 + int(share * len(event))] += by_ns
    return replace(ROWS, event_ns=event)


def shuffled(rows: Rows, reach: int, step_ns: int) -> Rows:
    """Return rows that arrive `step_ns` apart, up to `reach` places out of order."""
    places = np.arange(len(rows)) + np.random.default_rng(1).integers(0, reach + 1, len(rows))
    return replace(rows, received_ns=rows.event_ns[-1] + places * step_ns)


@pytest.mark.parametrize(
    ("rows", "lateness", "ahead", "back"),
    [
        pytest.param(ROWS, 0, False, False, id="in order"),
        pytest.param(moved(0.05, 4 * MINUTE_NS), 0, False, False, id="four minutes early"),
        pytest.param(moved(0.05, HOUR_NS), 0, True, True, id="an hour early"),
        pytest.param(moved(1.0, HOUR_NS), 0, True, False, id="most rows an hour early"),
        pytest.param(moved(0.005, HOUR_NS), 10**6, False, False, id="one row in two hundred"),
        pytest.param(moved(0.05, -4 * MINUTE_NS), 0, False, False, id="four minutes late"),
        pytest.param(moved(0.05, -HOUR_NS), 0, False, True, id="an hour late"),
        pytest.param(moved(0.05, -HOUR_NS), 7200, False, False, id="an hour late, two allowed"),
        pytest.param(shuffled(ROWS, 4, SECOND_NS), 0, False, False, id="a replay of old rows"),
        pytest.param(shuffled(ROWS, 60, SECOND_NS // 100), 0, False, False, id="by many clients"),
        pytest.param(ROWS.take(slice(0, 20)), 0, False, False, id="too few rows"),
        pytest.param(ROWS.take(slice(0, 0)), 0, False, False, id="no rows"),
    ],
)
def test_clocks_that_disagree(rows: Rows, lateness: int, *, ahead: bool, back: bool) -> None:
    skew = clock_skew(records_of(rows), lateness)

    assert ((skew.ahead > MOST_SKEWED), (skew.back > MOST_SKEWED)) == (ahead, back)


def test_the_worst_row_is_told() -> None:
    skew = clock_skew(records_of(moved(0.05, -2 * HOUR_NS)), 0)

    assert (skew.ahead, skew.back, skew.worst_seconds) == (0.0, 0.05, 7140.0)


MONTH = spaced(rows_of(np.zeros((720, 1)), ["x"]), HOUR_NS)
"""Thirty days of hourly rows."""


def replayed(rows: Rows, together: int = 24, of: int = 1) -> Rows:
    """Return rows that arrive ten milliseconds apart, some at a time, from several clients."""
    place = np.arange(len(rows)) // together
    late = np.random.default_rng(2).integers(0, of, len(rows))[place]
    return replace(rows, received_ns=rows.event_ns[-1] + (place + late) * SECOND_NS // 100)


def zone(first: int, end: int, hours: int) -> Rows:
    """Return a month in which some days have another time zone."""
    event = MONTH.event_ns.copy()
    event[first * 24 : end * 24] += hours * HOUR_NS
    return replace(MONTH, event_ns=event)


@pytest.mark.parametrize(
    ("rows", "wrong"),
    [
        pytest.param(replayed(MONTH), False, id="a replay, in order"),
        pytest.param(replayed(MONTH, of=4), False, id="four clients, out of order by days"),
        pytest.param(replayed(zone(10, 11, -5)), True, id="five hours back for a day"),
        pytest.param(replayed(zone(10, 30, -5)), True, id="five hours back for good"),
        pytest.param(replayed(zone(10, 12, 5)), True, id="five hours ahead for two days"),
        pytest.param(replayed(zone(10, 11, -5), together=1), True, id="a row at a time"),
        pytest.param(zone(10, 30, -5), True, id="as it happens, five hours back for good"),
        pytest.param(zone(10, 30, 5), True, id="as it happens, five hours ahead for good"),
    ],
)
def test_a_clock_that_is_set_in_a_replay(rows: Rows, *, wrong: bool) -> None:
    assert clock_skew(records_of(rows), 0).is_wrong is wrong


def test_rows_of_one_request_have_no_order() -> None:
    rows = replayed(MONTH)
    turned = rows.take(np.arange(720).reshape(30, 24)[:, ::-1].ravel())

    assert clock_skew(records_of(turned), 0).back == 0.0
