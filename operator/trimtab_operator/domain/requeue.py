"""When to look at an object again, whatever happens until then."""

from datetime import datetime

MIN_SECONDS = 1.0


def earliest(now: datetime, seconds: float | None, *times: datetime | None) -> float | None:
    """Return the seconds until the first of a delay and several times, None for none of them."""
    delays = [max(MIN_SECONDS, (time - now).total_seconds()) for time in times if time is not None]
    if seconds is not None:
        delays.append(seconds)
    return min(delays, default=None)
