from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest

from trimtab_stages.contract.ingest import TimeRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.event_time import check_timezone, read_event_times


def shown(ns: int) -> str:
    return datetime.fromtimestamp(ns / 1e9, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def rules(form: str = "ISO8601", timezone: str = "UTC") -> TimeRules:
    return TimeRules(column="ts", format=form, timezone=timezone)


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        pytest.param(rules(), "2010-03-24 09:51:00", "2010-03-24T09:51:00", id="space"),
        pytest.param(rules(), " 2010-03-24T09:51 ", "2010-03-24T09:51:00", id="minutes"),
        pytest.param(rules(), "2010-03-24", "2010-03-24T00:00:00", id="date"),
        pytest.param(rules(), "2010-03-24T09:51:00Z", "2010-03-24T09:51:00", id="zulu"),
        pytest.param(rules(), "2010-03-24T09:51:00+02:00", "2010-03-24T07:51:00", id="offset"),
        pytest.param(rules(), "2010-03-24 09:51:00-0330", "2010-03-24T13:21:00", id="half-hours"),
        pytest.param(
            rules(timezone="Europe/Berlin"),
            "2010-07-01 12:00:00",
            "2010-07-01T10:00:00",
            id="local-summer",
        ),
        pytest.param(
            rules(timezone="Europe/Berlin"),
            "2010-07-01T12:00:00Z",
            "2010-07-01T12:00:00",
            id="a-zone-in-the-stamp-wins",
        ),
        pytest.param(rules("EpochSeconds"), "1269424260", "2010-03-24T09:51:00", id="epoch-s"),
        pytest.param(rules("EpochMillis"), "1269424260000", "2010-03-24T09:51:00", id="epoch-ms"),
        pytest.param(
            rules("%d/%m/%Y %H:%M", "America/New_York"),
            "24/03/2010 05:51",
            "2010-03-24T09:51:00",
            id="pattern-in-local-time",
        ),
        pytest.param(
            rules(timezone="Europe/Berlin"),
            "2010-10-31 02:30:00",
            "2010-10-31T00:30:00",
            id="an-hour-that-came-twice-is-the-earlier-one",
        ),
    ],
)
def test_reads(rule: TimeRules, text: str, expected: str) -> None:
    times = read_event_times(pa.chunked_array([[text]]), rule)
    assert not times.bad[0]
    assert shown(int(times.ns[0])) == expected


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        pytest.param(rules(), "2010-02-30 00:00:00", id="no-such-day"),
        pytest.param(rules(), "24.03.2010", id="another-format"),
        pytest.param(rules(), "", id="empty"),
        pytest.param(rules(), None, id="null"),
        pytest.param(rules(), "9999-01-01", id="beyond-nanoseconds"),
        pytest.param(rules("EpochSeconds"), "1e9", id="not-an-epoch"),
        pytest.param(rules("EpochSeconds"), "99999999999999999", id="epoch-overflow"),
        pytest.param(rules("%Y%m%d"), "2010-03-24", id="pattern-mismatch"),
    ],
)
def test_rejects(rule: TimeRules, text: str | None) -> None:
    times = read_event_times(pa.chunked_array([pa.array([text, "x"], pa.string())]), rule)
    assert times.bad[0]


def test_one_bad_stamp_spoils_no_other() -> None:
    column = pa.chunked_array([["2010-02-30", "2010-03-01", "x", "2010-03-01T00:00:00Z"]])
    assert read_event_times(column, rules()).bad.tolist() == [True, False, True, False]


def test_local_times_that_never_existed_are_bad_and_counted() -> None:
    column = pa.chunked_array([["2010-03-28 01:30:00", "2010-03-28 02:30:00"]])
    times = read_event_times(column, rules(timezone="Europe/Berlin"))
    assert times.bad.tolist() == times.skipped.tolist() == [False, True]


def test_local_times_that_came_twice_are_counted() -> None:
    column = pa.chunked_array([["2010-10-31 02:30:00", "2010-10-31 03:30:00"]])
    assert read_event_times(column, rules(timezone="Europe/Berlin")).ambiguous.tolist() == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("column", "timezone", "expected"),
    [
        pytest.param(
            pa.array([datetime(2010, 7, 1, 12)], pa.timestamp("us")),  # noqa: DTZ001 - a stamp without a zone is the case
            "Europe/Berlin",
            "2010-07-01T10:00:00",
            id="naive-timestamps-are-local",
        ),
        pytest.param(
            pa.array([datetime(2010, 7, 1, 12, tzinfo=UTC)], pa.timestamp("ms", "UTC")),
            "Europe/Berlin",
            "2010-07-01T12:00:00",
            id="zoned-timestamps-stay",
        ),
        pytest.param(
            pa.array([14_426], pa.date32()), "UTC", "2009-07-01T00:00:00", id="dates-are-midnight"
        ),
    ],
)
def test_typed_columns(column: pa.Array, timezone: str, expected: str) -> None:
    times = read_event_times(pa.chunked_array([column]), rules(timezone=timezone))
    assert shown(int(times.ns[0])) == expected


def test_nanoseconds_survive() -> None:
    times = read_event_times(pa.chunked_array([["2020-01-01T00:00:00.123456789Z"]]), rules())
    assert int(times.ns[0]) % 1_000_000_000 == 123_456_789


def test_epoch_fractions() -> None:
    times = read_event_times(pa.chunked_array([["1.5", "-0.5"]]), rules("EpochSeconds"))
    np.testing.assert_array_equal(times.ns, [1_500_000_000, -500_000_000])


def test_unknown_time_zone() -> None:
    with pytest.raises(StageError, match="Mars/Olympus") as raised:
        check_timezone("Mars/Olympus", "time.timezone")
    assert raised.value.reason is StageReason.INVALID_INVOCATION
