"""Can the time stamps be trusted? Order, future, and stamps that look like another time zone."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from trimtab_stages.contract.ingest import TimeRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.event_time import NANOS
from trimtab_stages.ingest.frame import Frame, Rejected, Step, Whole
from trimtab_stages.ingest.rule_names import Rule

FUTURE_TOLERANCE_SECONDS = 300
"""Stamps may be this far ahead of the clock of ingestion."""

HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
MIN_CLOCK_CHANGES = 2
"""So many clock changes in a row must leave their mark before a time zone is suspected."""

SUSPECT_ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Denver",
    "America/Los_Angeles",
    "Europe/London",
    "Europe/Berlin",
    "Europe/Athens",
    "Australia/Sydney",
)
"""One zone for each common pair of offset and clock change."""


@dataclass(frozen=True, slots=True)
class TimeTrust:
    """What was found about the stamps; all zero and empty means trusted.

    Attributes:
        out_of_order: smallest share of rows without which the rest is in time order.
        skipped: rows whose local time never existed.
        ambiguous: rows whose local time existed twice.
        future: rows from after the time of ingestion.
        suspected_zone: time zone whose clock changes the stamps seem to follow.
    """

    out_of_order: float = 0.0
    skipped: int = 0
    ambiguous: int = 0
    future: int = 0
    suspected_zone: str = ""

    @property
    def trusted(self) -> bool:
        """True when nothing had to be corrected or suspected."""
        return self == TimeTrust()

    def sentence(self) -> str:
        """Say what is wrong, in one sentence; empty when trusted."""
        findings = [
            f"{self.out_of_order:.2%} of the rows were out of time order" * (self.out_of_order > 0),
            f"{self.skipped} local times never existed" * (self.skipped > 0),
            f"{self.ambiguous} local times existed twice" * (self.ambiguous > 0),
            f"{self.future} rows are from the future" * (self.future > 0),
            f"the stamps follow the clock changes of {self.suspected_zone}"
            * bool(self.suspected_zone),
        ]
        return "; ".join(finding for finding in findings if finding)


def out_of_order_fraction(time_ns: Whole, series: Whole) -> float:
    """Return the smallest share of rows without which the rest, in source order, is in time order.

    Every series counts for itself. Rows that run backwards throughout are in order, too.
    """
    if len(time_ns) == 0:
        return 0.0
    order = np.argsort(series, kind="stable")
    bounds = np.flatnonzero(np.diff(series[order])) + 1
    parts = np.split(time_ns[order], bounds)
    return sum(_misplaced(part) for part in parts) / len(time_ns)


def refuse_disorder(fraction: float, rules: TimeRules) -> None:
    """Fail where too many rows are out of time order.

    Raises:
        StageError: TimestampsUntrusted.
    """
    if fraction > float(rules.max_out_of_order_fraction):
        raise StageError(
            StageReason.TIMESTAMPS_UNTRUSTED,
            f"{fraction:.2%} of the rows are out of time order in {rules.column}, more than"
            f" `spec.time.maxOutOfOrderFraction` {rules.max_out_of_order_fraction:f}: the stamps"
            " may be wrong, or several series are mixed (put their Id column into"
            " `spec.duplicates.key`). Correct the source, or raise the limit if the order means"
            " nothing.",
        )


def reject_future(frame: Frame, now: datetime) -> Step:
    """Reject rows from after the time of ingestion (and five minutes)."""
    limit = int((now + timedelta(seconds=FUTURE_TOLERANCE_SECONDS)).timestamp()) * NANOS
    late = np.flatnonzero(frame.time_ns > limit)
    reasons = tuple(
        f"{shown_time(int(frame.time_ns[row]))} is after the time of ingestion"
        for row in late.tolist()
    )
    rejected = Rejected(Rule.FUTURE_TIMESTAMP, frame.source[late], reasons)
    return Step(Rule.FUTURE_TIMESTAMP, frame.take(frame.time_ns <= limit), (rejected,))


def suspected_zone(time_ns: Whole, zones: Sequence[str] = SUSPECT_ZONES) -> str:
    """Return the time zone whose skipped hours the (supposed) UTC stamps leave empty, or "".

    Local stamps taken for UTC have no row in the hour that the clock skips in spring, while the
    hours around it and the same hour of the days around it have some. Two such springs without
    exception make a suspicion.

    Args:
        time_ns: event times, nanoseconds UTC.
        zones: time zones to suspect.
    """
    if len(time_ns) == 0:
        return ""
    seconds = np.sort(time_ns // NANOS)
    first, last = int(seconds[0]), int(seconds[-1])
    for name in zones:
        skipped = _skipped_hours(ZoneInfo(name), first, last)
        starts = [start for start in skipped if _around(seconds, start)]
        empty = [start for start in starts if _rows(seconds, start, HOUR_SECONDS) == 0]
        if len(starts) >= MIN_CLOCK_CHANGES and len(empty) == len(starts):
            return name
    return ""


def shown_time(time_ns: int) -> str:
    """Return a time for people, to the second."""
    moment = datetime.fromtimestamp(time_ns // NANOS, UTC)
    return moment.isoformat().replace("+00:00", "Z")


def _misplaced(time_ns: Whole) -> int:
    steps = np.diff(time_ns)
    if (steps >= 0).all() or (steps <= 0).all():
        return 0
    return min(_outside_longest_ascent(time_ns), _outside_longest_ascent(time_ns[::-1]))


def _outside_longest_ascent(time_ns: Whole) -> int:
    """Return the rows outside a longest ascending subsequence (patience sorting)."""
    tails: list[int] = []
    for stamp in time_ns.tolist():
        place = bisect_right(tails, stamp)
        tails[place : place + 1] = [stamp]
    return len(time_ns) - len(tails)


def _around(seconds: Whole, start: int) -> bool:
    """Return whether the hours around it and the same hour of the days around it have rows."""
    neighbours = (-HOUR_SECONDS, HOUR_SECONDS, -DAY_SECONDS, DAY_SECONDS)
    return all(_rows(seconds, start + offset, HOUR_SECONDS) > 0 for offset in neighbours)


def _rows(seconds: Whole, start: int, length: int) -> int:
    low, high = np.searchsorted(seconds, [start, start + length])
    return int(high - low)


def _skipped_hours(zone: ZoneInfo, first: int, last: int) -> list[int]:
    """Return the starts of the local hours that `zone` skips, read as if they were UTC seconds."""
    starts = []
    moment = datetime.fromtimestamp(first, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    while moment.timestamp() <= last:
        later = moment + timedelta(days=1)
        jump = _offset(later, zone) - _offset(moment, zone)
        if jump == timedelta(seconds=HOUR_SECONDS):
            starts.append(_skipped_hour(moment, zone))
        moment = later
    return starts


def _skipped_hour(day: datetime, zone: ZoneInfo) -> int:
    before = _offset(day, zone)
    hours = (day + timedelta(hours=hour) for hour in range(1, 25))
    change = next(hour for hour in hours if _offset(hour, zone) != before)
    return int((change + before).timestamp())


def _offset(moment: datetime, zone: ZoneInfo) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta()
