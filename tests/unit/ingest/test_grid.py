from typing import Any

import numpy as np
import pytest

from support.ingesting import make_frame, make_rules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.frame import NO_SOURCE, Frame
from trimtab_stages.ingest.grid import put_on_grid


def on_grid(frame: Frame, **grid: Any) -> Any:
    return put_on_grid(
        frame, make_rules(time={"column": "ts", "grid": {"intervalSeconds": 10} | grid})
    )


def seconds(frame: Frame) -> list[int]:
    return [int(ns) // 1_000_000_000 for ns in frame.time_ns]


def test_without_a_grid_rows_stay_and_series_are_segments() -> None:
    frame = make_frame([0, 7, 3], series=[0, 0, 1], x=[1, 2, 3])
    step = put_on_grid(frame, make_rules())
    assert seconds(step.frame) == [0, 7, 3]
    assert step.frame.segment.tolist() == [0, 0, 1]


def test_rows_move_to_points_within_the_tolerance() -> None:
    step = on_grid(make_frame([3, 13, 23, 35, 44], x=[1, 2, 3, 4, 5]), toleranceSeconds=2)
    assert seconds(step.frame) == [3, 13, 23, 33, 43]
    assert step.frame.source.tolist() == [0, 1, 2, 3, 4]


def test_rows_too_far_away_are_rejected() -> None:
    step = on_grid(make_frame([0, 10, 24, 30], x=[1, 2, 3, 4]), toleranceSeconds=2)
    assert step.rejected[0].source.tolist() == [2]
    assert step.rejected[0].reasons == ("4 s from the grid point 1970-01-01T00:00:20Z",)


def test_of_two_rows_at_a_point_the_nearest_stays() -> None:
    step = on_grid(make_frame([0, 9, 12, 20], x=[1, 2, 3, 4]), toleranceSeconds=4)
    assert step.frame.source.tolist() == [0, 1, 3]
    assert "another row is nearer" in step.rejected[0].reasons[0]


def test_the_phase_is_the_most_common_one() -> None:
    step = on_grid(make_frame([4, 11, 14, 24, 34], x=[1, 2, 3, 4, 5]))
    assert seconds(step.frame) == [4, 14, 24, 34]
    assert step.rejected[0].source.tolist() == [1]


def test_short_holes_get_empty_points() -> None:
    frame = make_frame([0, 10, 40], x=[1, 2, 3], c=["a", "b", "a"])
    step = on_grid(frame, maxGapSeconds=20)
    assert seconds(step.frame) == [0, 10, 20, 30, 40]
    assert step.frame.source.tolist() == [0, 1, NO_SOURCE, NO_SOURCE, 2]
    np.testing.assert_array_equal(step.frame.numbers["x"], [1, 2, np.nan, np.nan, 3])
    assert step.frame.categories["c"].codes.tolist() == [0, 1, -1, -1, 0]
    assert step.frame.segment.tolist() == [0] * 5
    assert step.changed == 2


def test_long_holes_begin_a_segment() -> None:
    step = on_grid(make_frame([0, 10, 40, 50], x=[1, 2, 3, 4]), maxGapSeconds=10)
    assert seconds(step.frame) == [0, 10, 40, 50]
    assert step.frame.segment.tolist() == [0, 0, 1, 1]


def test_the_default_gap_limit_is_one_interval() -> None:
    assert len(on_grid(make_frame([0, 20], x=[1, 2])).frame) == 3
    assert len(on_grid(make_frame([0, 30], x=[1, 2])).frame) == 2


def test_series_never_share_a_segment() -> None:
    step = on_grid(make_frame([0, 10, 0, 10], series=[0, 0, 1, 1], x=[1, 2, 3, 4]))
    assert step.frame.segment.tolist() == [0, 0, 1, 1]
    assert step.frame.source.tolist() == [0, 1, 2, 3]


def test_a_long_hole_can_fail() -> None:
    with pytest.raises(StageError, match=r"hole of 40 s follows 1970-01-01T00:00:10Z") as raised:
        on_grid(make_frame([0, 10, 60], x=[1, 2, 3]), onGap="Fail")
    assert raised.value.reason is StageReason.VALIDATION_FAILED


def test_a_grid_of_empty_points_is_refused() -> None:
    with pytest.raises(StageError, match=r"empty points for 2 rows"):
        on_grid(make_frame([0, 10_000_000], x=[1, 2]), maxGapSeconds=100_000_000)


def test_no_rows() -> None:
    assert len(on_grid(make_frame([], x=[])).frame) == 0
