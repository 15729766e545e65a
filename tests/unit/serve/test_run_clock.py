"""Times of runs by their size."""

import pytest

from trimtab_stages.serve.model.run_clock import RunClock


@pytest.mark.parametrize(
    ("rows", "size"),
    [(1, 1), (2, 2), (3, 2), (4, 4), (7, 4), (8, 8), (2047, 1024), (2048, 2048), (100_000, 2048)],
)
def test_a_run_belongs_to_the_power_of_two_below_its_rows(rows: int, size: int) -> None:
    clock = RunClock()
    clock.add(rows, 0.5)

    (found,) = clock.read()
    assert (found.size, found.runs, found.rows, found.seconds) == (size, 1, rows, 0.5)


def test_runs_of_a_size_are_added() -> None:
    clock = RunClock()
    for rows, seconds in ((1, 0.1), (2, 0.2), (3, 0.3), (0, 9.0)):
        clock.add(rows, seconds)

    assert [(item.size, item.runs, item.rows) for item in clock.read()] == [(1, 1, 1), (2, 2, 5)]
    assert clock.read()[1].seconds == pytest.approx(0.5)
