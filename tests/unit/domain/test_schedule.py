"""Refresh periods and cron times, daylight saving included."""

from datetime import UTC, datetime, timedelta

import pytest

from trimtab_operator.api.pipeline import AutomaticTrigger, Trigger
from trimtab_operator.domain.schedule import (
    ScheduleFault,
    last_cron_time,
    last_tick,
    next_cron_time,
    next_tick,
    zone,
)

ORIGIN = datetime(2026, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def schedule(cron: str, timezone: str = "UTC") -> Trigger:
    return Trigger(type=AutomaticTrigger.SCHEDULE, cron=cron, timezone=timezone)


@pytest.mark.parametrize(
    ("period", "after", "last", "upcoming"),
    [
        pytest.param(None, 100, None, None, id="without a period nothing is due"),
        pytest.param(60, 59, None, 60, id="within the first period nothing is due"),
        pytest.param(60, 60, 60, 120, id="due at the moment that the period ends"),
        pytest.param(60, 3599, 3540, 3600, id="only the newest of many missed times"),
    ],
)
def test_refresh_times(
    period: int | None, after: int, last: int | None, upcoming: int | None
) -> None:
    def moment(seconds: int | None) -> datetime | None:
        return None if seconds is None else ORIGIN + timedelta(seconds=seconds)

    now = ORIGIN + timedelta(seconds=after)

    assert last_tick(ORIGIN, period, now) == moment(last)
    assert next_tick(ORIGIN, period, now) == moment(upcoming)


@pytest.mark.parametrize(
    ("trigger", "now", "expected"),
    [
        pytest.param(
            schedule("0 3 * * *"), "2026-06-10T03:00:00", "2026-06-10T03:00:00", id="due now"
        ),
        pytest.param(
            schedule("0 3 * * *"), "2026-06-10T02:59:59", "2026-06-09T03:00:00", id="the day before"
        ),
        pytest.param(
            schedule("0 3 * * *"),
            "2026-06-10T03:00:00.7",
            "2026-06-10T03:00:00",
            id="fractions of a second",
        ),
        pytest.param(
            schedule("0 3 * * *", "Europe/Berlin"),
            "2026-06-10T02:00:00",
            "2026-06-10T01:00:00",
            id="summer in Berlin",
        ),
        pytest.param(
            schedule("0 3 * * *", "Europe/Berlin"),
            "2026-12-10T03:00:00",
            "2026-12-10T02:00:00",
            id="winter in Berlin",
        ),
        pytest.param(
            schedule("30 2 * * *", "Europe/Berlin"),
            "2026-03-29T12:00:00",
            "2026-03-29T01:00:00",
            id="an hour that summer time skips comes at its end",
        ),
        pytest.param(
            schedule("30 2 * * *", "Europe/Berlin"),
            "2026-10-25T12:00:00",
            "2026-10-25T00:30:00",
            id="an hour that comes twice counts once",
        ),
    ],
)
def test_newest_cron_time(trigger: Trigger, now: str, expected: str) -> None:
    assert last_cron_time(trigger, ORIGIN, at(now)) == at(expected)


def test_a_cron_time_that_was_acted_on_is_not_due_again() -> None:
    trigger = schedule("0 3 * * *")

    assert last_cron_time(trigger, at("2026-06-10T03:00:00"), at("2026-06-10T09:00:00")) is None


def test_next_cron_time_is_in_utc() -> None:
    found = next_cron_time(schedule("0 3 * * 1", "Europe/Berlin"), at("2026-06-10T00:00:00"))

    assert found == at("2026-06-15T01:00:00")
    assert found.tzinfo is UTC


@pytest.mark.parametrize(
    ("trigger", "message"),
    [
        pytest.param(schedule("0 25 * * *"), "bad hour", id="no such hour"),
        pytest.param(schedule("0 0 0 3 * *"), "must have five fields", id="six fields"),
        pytest.param(schedule("every day"), "must have five fields", id="no cron at all"),
        pytest.param(
            schedule("0 3 * * *", "Berlin"), "'Berlin' is not in the IANA", id="no such zone"
        ),
    ],
)
def test_faults(trigger: Trigger, message: str) -> None:
    with pytest.raises(ScheduleFault, match=message):
        next_cron_time(trigger, ORIGIN)


@pytest.mark.parametrize("name", ["", "../etc/passwd", "Mars/Olympus"])
def test_a_zone_that_does_not_exist_is_a_fault(name: str) -> None:
    with pytest.raises(ScheduleFault):
        zone(name)
