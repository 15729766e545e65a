"""Event times against arrivals."""

from dataclasses import replace

import numpy as np
import pytest

from support.windows import MINUTE_NS, Rows, records_of, rows_of
from trimtab_stages.drift.clock_skew import MOST_SKEWED, Skew, clock_skew

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

    assert skew == Skew(ahead=0.0, back=0.05, worst_seconds=7140.0)
