from datetime import UTC, datetime

import numpy as np
import pytest

from trimtab_operator.monitor.windows import (
    Grid,
    closing_arrival,
    earliest_arrivals,
    floor_of,
)
from trimtab_stages.contract.monitoring import Window

HOUR = Grid(anchor=0, length=3600, lateness=0)
SHIFTED = Grid(anchor=600, length=3600, lateness=0)
LATE = Grid(anchor=0, length=3600, lateness=1800)
SECOND = 10**9


@pytest.mark.parametrize(
    ("grid", "seconds", "window", "first_open"),
    [
        pytest.param(HOUR, 0, 0, 0, id="at the begin"),
        pytest.param(HOUR, 3599, 0, 0, id="last second"),
        pytest.param(HOUR, 3600, 1, 1, id="the end belongs to the next and closes"),
        pytest.param(HOUR, -1, -1, -1, id="before 1970"),
        pytest.param(SHIFTED, 599, -1, -1, id="before the anchor"),
        pytest.param(SHIFTED, 600, 0, 0, id="at the anchor"),
        pytest.param(LATE, 3600, 1, 0, id="lateness keeps it open"),
        pytest.param(LATE, 5399, 1, 0, id="lateness keeps it open to the last second"),
        pytest.param(LATE, 5400, 1, 1, id="closed after the lateness"),
        pytest.param(LATE, 9000, 2, 2, id="the next one closes an hour later"),
    ],
)
def test_where_an_event_time_falls_and_what_it_closes(
    grid: Grid, seconds: int, window: int, first_open: int
) -> None:
    event = np.array([seconds * SECOND])
    assert grid.windows_of(event).tolist() == [window]
    assert grid.reached_by(event).tolist() == [first_open]


@pytest.mark.parametrize(
    ("instant", "number"),
    [
        pytest.param(datetime(1970, 1, 1, 1, tzinfo=UTC), 1, id="on an edge"),
        pytest.param(datetime(1970, 1, 1, 1, 0, 1, tzinfo=UTC), 2, id="just behind it"),
        pytest.param(datetime(1970, 1, 1, 0, 59, 59, tzinfo=UTC), 1, id="just before it"),
    ],
)
def test_the_first_window_from_an_instant(instant: datetime, number: int) -> None:
    assert HOUR.first_from(instant) == number


def test_a_grid_begins_where_the_window_says() -> None:
    window = Window.model_validate(
        {"seconds": 600, "anchor": "2024-01-01T06:00:00Z", "allowedLatenessSeconds": 60}
    )
    grid = Grid.of(window)
    assert grid.start(0) == window.anchor
    assert grid.start(3) == datetime(2024, 1, 1, 6, 30, tzinfo=UTC)
    assert (grid.length, grid.lateness) == (600, 60)


@pytest.mark.parametrize(
    ("number", "arrival"),
    [
        pytest.param(0, 5, id="closed by the earlier of two later ones"),
        pytest.param(1, 5, id="closed by what passed several windows at once"),
        pytest.param(2, 9, id="closed by the last"),
        pytest.param(3, None, id="open"),
    ],
)
def test_a_window_is_closed_by_the_first_arrival_behind_it(
    number: int, arrival: int | None
) -> None:
    assert closing_arrival({1: 7, 2: 5, 3: 9}, number) == arrival


def test_earliest_arrivals_by_key() -> None:
    keys, arrivals = np.array([2, 1, 2, 1]), np.array([8, 3, 4, 6])
    assert earliest_arrivals(keys, arrivals) == {1: 3, 2: 4}


@pytest.mark.parametrize(
    ("lateness", "done", "floor"),
    [
        pytest.param(0, [], None, id="nothing is done"),
        pytest.param(0, [(1, 50), (2, 70)], 70, id="what closed the newest"),
        pytest.param(100, [(1, 50), (2, 70)], 50, id="what closed the one a lateness before"),
        pytest.param(150, [(1, 50), (2, 70), (3, 90)], 50, id="a lateness between two windows"),
        pytest.param(200, [(1, 50), (2, 70)], None, id="none is that old"),
        pytest.param(100, [(1, 50), (9, 70)], 50, id="over windows without rows"),
        pytest.param(0, [(1, 50), (2, None)], 50, id="a report that does not say"),
    ],
)
def test_no_row_of_an_open_window_arrived_before_the_floor(
    lateness: int, done: list[tuple[int, int | None]], floor: int | None
) -> None:
    grid = Grid(anchor=0, length=100, lateness=lateness)
    assert floor_of(grid, [(grid.start(number), closed) for number, closed in done]) == floor
