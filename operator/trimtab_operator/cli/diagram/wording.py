"""Short words for numbers, times and digests."""

from datetime import UTC, datetime

MINUTE, HOUR, DAY = 60, 3600, 86_400
SHORT_DIGEST = 12


def short_digest(digest: str) -> str:
    """Return the first twelve hexadecimal digits."""
    return digest.removeprefix("sha256:")[:SHORT_DIGEST]


def count(number: int) -> str:
    """Return 1 203 344 with thin spaces."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def percent(part: float, whole: float) -> str:
    """Return a share; `0 %` of nothing."""
    return f"{100 * part / whole:.2g} %" if whole else "0 %"


def span(seconds: float) -> str:
    """Return a length of time in its largest sensible unit."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    for unit, name in ((DAY, "d"), (HOUR, "h"), (MINUTE, "min")):
        if seconds >= 2 * unit or seconds == unit:
            return f"{seconds / unit:.0f} {name}"
    return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"  # noqa: PLR2004 - two digits


def ago(then: datetime | None, now: datetime) -> str:
    """Return how long ago an instant was; a dash where there is none."""
    if then is None:
        return "-"
    seconds = (now - then).total_seconds()
    return f"in {span(-seconds)}" if seconds < 0 else f"{span(seconds)} ago"


def day(instant: datetime) -> str:
    """Return `2026-11-22 03:10`, in UTC."""
    return instant.astimezone(UTC).strftime("%Y-%m-%d %H:%M")
