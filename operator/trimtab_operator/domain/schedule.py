"""When something is due: refresh periods and cron times. Only the newest missed time counts."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from trimtab_operator.api.pipeline import Trigger

CRON_FIELDS = 5


class ScheduleFault(Exception):  # noqa: N818 - reads as the fault that it is
    """A cron expression or a time zone that is not known."""


def last_tick(
    origin: datetime | None, period_seconds: int | None, now: datetime
) -> datetime | None:
    """Return the newest multiple of the period after the origin, None within the first period."""
    if origin is None or period_seconds is None or now < origin:
        return None
    count = int((now - origin).total_seconds()) // period_seconds
    return origin + timedelta(seconds=count * period_seconds) if count else None


def next_tick(
    origin: datetime | None, period_seconds: int | None, now: datetime
) -> datetime | None:
    """Return the first multiple of the period that lies after now."""
    if origin is None or period_seconds is None:
        return None
    last = last_tick(origin, period_seconds, now) or origin
    return last + timedelta(seconds=period_seconds)


def last_cron_time(trigger: Trigger, after: datetime, now: datetime) -> datetime | None:
    """Return the newest cron time in (after, now], None where there is none.

    Raises:
        ScheduleFault: the expression or its time zone is not known.
    """
    second = now.replace(microsecond=0) + timedelta(seconds=1)
    found = next(_cron(trigger, second, reverse=True), None)
    utc = None if found is None else found.astimezone(UTC)
    return utc if utc is not None and after < utc <= now else None


def next_cron_time(trigger: Trigger, now: datetime) -> datetime | None:
    """Return the first cron time after now, None where none comes in the next 50 years.

    Raises:
        ScheduleFault: the expression or its time zone is not known.
    """
    found = next(_cron(trigger, now, reverse=False), None)
    return None if found is None else found.astimezone(UTC)


def zone(name: str) -> ZoneInfo:
    """Return the time zone of that IANA name.

    Raises:
        ScheduleFault: there is none.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ScheduleFault(f"time zone '{name}' is not in the IANA data base") from error


def _cron(trigger: Trigger, start: datetime, *, reverse: bool) -> CronSim:
    expression = trigger.cron or ""
    if len(expression.split()) != CRON_FIELDS:
        raise ScheduleFault(f"cron '{expression}' must have five fields, minute first")
    try:
        return CronSim(expression, start.astimezone(zone(trigger.timezone)), reverse)
    except CronSimError as error:
        raise ScheduleFault(f"cron '{expression}': {str(error).lower()}") from error
