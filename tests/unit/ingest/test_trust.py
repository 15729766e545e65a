from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from support.ingesting import SECOND, make_frame, make_rules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.trust import (
    TimeTrust,
    out_of_order_fraction,
    refuse_disorder,
    reject_future,
    suspected_zone,
)


@pytest.mark.parametrize(
    ("times", "series", "expected"),
    [
        pytest.param([1, 2, 3, 4], [0] * 4, 0.0, id="in-order"),
        pytest.param([4, 3, 2, 1], [0] * 4, 0.0, id="newest-first-is-an-order"),
        pytest.param([1, 3, 2, 4], [0] * 4, 0.25, id="one-late-row"),
        pytest.param([1, 99, 2, 3], [0] * 4, 0.25, id="one-wild-stamp-spoils-no-other"),
        pytest.param([1, 2, 1, 2], [0, 0, 1, 1], 0.0, id="two-series-one-behind-the-other"),
        pytest.param([5, 1, 6, 2], [0, 1, 0, 1], 0.0, id="two-series-mixed"),
        pytest.param([], [], 0.0, id="no-rows"),
    ],
)
def test_out_of_order(times: list[int], series: list[int], expected: float) -> None:
    assert out_of_order_fraction(np.array(times), np.array(series, np.int64)) == expected


def test_disorder_above_the_limit_fails() -> None:
    refuse_disorder(0.05, make_rules().time)
    with pytest.raises(StageError, match=r"6.00% of the rows .*ts") as raised:
        refuse_disorder(0.06, make_rules().time)
    assert raised.value.reason is StageReason.TIMESTAMPS_UNTRUSTED


def test_rows_from_the_future_are_rejected() -> None:
    step = reject_future(make_frame([0, 300, 301], x=[1, 2, 3]), datetime(1970, 1, 1, tzinfo=UTC))
    assert step.frame.source.tolist() == [0, 1]
    assert step.rejected[0].reasons == ("1970-01-01T00:05:01Z is after the time of ingestion",)


def hourly(zone: str, years: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Hours as a local clock shows them, taken for UTC."""
    start = datetime(2015, 1, 1, tzinfo=UTC)
    local = [
        (start + timedelta(hours=hour)).astimezone(ZoneInfo(zone)).replace(tzinfo=UTC)
        for hour in range(years * 365 * 24)
    ]
    return np.array([int(stamp.timestamp()) * SECOND for stamp in local])


@pytest.mark.parametrize(
    ("zone", "years", "expected"),
    [
        pytest.param("UTC", 3, "", id="real-utc"),
        pytest.param("America/New_York", 3, "America/New_York", id="new-york"),
        pytest.param("Europe/Berlin", 3, "Europe/Berlin", id="berlin"),
        pytest.param("Europe/Berlin", 1, "", id="one-spring-is-no-evidence"),
        pytest.param("Asia/Tokyo", 3, "", id="no-clock-changes"),
    ],
)
def test_local_time_taken_for_utc(zone: str, years: int, expected: str) -> None:
    assert suspected_zone(hourly(zone, years)) == expected


def test_a_pause_every_night_is_no_clock_change() -> None:
    hours = hourly("UTC", 3)
    assert suspected_zone(hours[(hours // SECOND // 3600) % 24 != 2]) == ""


def test_trust_is_the_absence_of_findings() -> None:
    assert TimeTrust().trusted
    assert TimeTrust().sentence() == ""
    doubt = TimeTrust(out_of_order=0.01, ambiguous=2, suspected_zone="Europe/Berlin")
    assert not doubt.trusted
    assert doubt.sentence() == (
        "1.00% of the rows were out of time order; 2 local times existed twice;"
        " the stamps follow the clock changes of Europe/Berlin"
    )
