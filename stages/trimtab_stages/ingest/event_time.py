"""Reads event times as nanoseconds since 1970 UTC."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trimtab_stages.contract.ingest import TimeRules
from trimtab_stages.contract.reasons import StageError, StageReason
from trimtab_stages.ingest.frame import Mask, Whole

NANOS = 1_000_000_000
EPOCH_UNITS = {"EpochSeconds": NANOS, "EpochMillis": 1_000_000}
ISO8601 = "ISO8601"
ISO_SHAPE = r"^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?)?(Z|[+-]\d{2}:?\d{2})?$"
HAS_ZONE = r"(Z|\d[+-]\d{2}:?\d{2})$"


@dataclass(frozen=True, slots=True)
class EventTimes:
    """Event times of all raw rows.

    Attributes:
        ns: nanoseconds since 1970 UTC; 0 where `bad`.
        bad: the text is no time, or the local time never existed.
        skipped: of these, local times inside the hour that a clock change skips.
        ambiguous: local times that a clock change makes happen twice; the earlier is taken.
    """

    ns: Whole
    bad: Mask
    skipped: Mask
    ambiguous: Mask


def read_event_times(column: pa.ChunkedArray, rules: TimeRules) -> EventTimes:
    """Read a text, number or timestamp column as event times.

    Raises:
        StageError: InvalidInvocation for an unknown time zone.
    """
    check_timezone(rules.timezone, "`spec.time.timezone`")
    values = column.combine_chunks()
    if pa.types.is_timestamp(values.type) or pa.types.is_date(values.type):
        return _from_timestamps(values, rules.timezone)
    if rules.format in EPOCH_UNITS:
        return _from_epoch(values, EPOCH_UNITS[rules.format])
    text = pc.utf8_trim_whitespace(values.cast(pa.string()))
    if rules.format == ISO8601:
        return _from_iso(text, rules.timezone)
    return _from_pattern(text, rules)


def check_timezone(name: str, field: str) -> None:
    """Refuse a time zone that this machine does not know.

    Raises:
        StageError: InvalidInvocation.
    """
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise StageError(
            StageReason.INVALID_INVOCATION,
            f"{field} {name!r} is no IANA time zone; write for example UTC or Europe/Berlin.",
        ) from error


def _from_epoch(values: pa.Array, unit_ns: int) -> EventTimes:
    text = pc.utf8_trim_whitespace(values.cast(pa.string()))
    good = pc.fill_null(pc.match_substring_regex(text, r"^-?\d{1,18}(\.\d+)?$"), fill_value=False)
    numbers = pc.if_else(good, text, pa.scalar(None, pa.string())).cast(pa.float64())
    filled = np.asarray(pc.fill_null(numbers, 0.0))
    # Whole units go through integers: a float64 of nanoseconds would lose the last digits.
    whole = np.floor(filled)
    inside = np.abs(whole) < 2**62 // unit_ns
    bad = ~np.asarray(good) | ~inside
    whole = np.where(bad, 0.0, whole)
    part = np.where(bad, 0.0, filled - whole)
    ns = whole.astype(np.int64) * unit_ns + np.rint(part * unit_ns).astype(np.int64)
    none = np.zeros(len(ns), np.bool_)
    return EventTimes(ns, bad, none, none)


def _from_iso(text: pa.Array, timezone: str) -> EventTimes:
    good = pc.fill_null(pc.match_substring_regex(text, ISO_SHAPE), fill_value=False)
    zoned = pc.and_(good, pc.fill_null(pc.match_substring_regex(text, HAS_ZONE), fill_value=False))
    with_zone = _cast(text, zoned, pa.timestamp("ns", "UTC"))
    without = _from_local(_cast(text, pc.and_not(good, zoned), pa.timestamp("ns")), timezone)
    here = np.asarray(with_zone.is_valid())
    ns = np.where(here, _nanos(with_zone), without.ns)
    return EventTimes(ns, without.bad & ~here, without.skipped, without.ambiguous)


def _cast(text: pa.Array, where: pa.Array, wanted: pa.DataType) -> pa.Array:
    """Cast the texts at `where`; one that has the shape but no such day is null."""
    chosen = pc.if_else(where, text, pa.scalar(None, pa.string()))
    try:
        return chosen.cast(wanted)
    except pa.ArrowInvalid:
        return pa.array([_cast_one(value, wanted) for value in chosen.to_pylist()], wanted)


def _cast_one(value: str | None, wanted: pa.DataType) -> object:
    try:
        return None if value is None else pa.scalar(value).cast(wanted).value
    except pa.ArrowInvalid:
        return None


def _from_pattern(text: pa.Array, rules: TimeRules) -> EventTimes:
    try:
        parsed = pc.strptime(text, format=rules.format, unit="ns", error_is_null=True)
    except pa.ArrowException as error:
        raise StageError(
            StageReason.INVALID_INVOCATION,
            f"`spec.time.format` {rules.format!r} is no strptime pattern: {error};"
            " write ISO8601, EpochSeconds, EpochMillis or for example %d/%m/%Y %H:%M.",
        ) from error
    return _from_timestamps(parsed, rules.timezone)


def _from_timestamps(values: pa.Array, timezone: str) -> EventTimes:
    if pa.types.is_timestamp(values.type) and values.type.tz is not None:
        utc = values.cast(pa.timestamp("ns", "UTC"), safe=False)
        bad = np.asarray(utc.is_null())
        none = np.zeros(len(bad), np.bool_)
        return EventTimes(_nanos(utc), bad, none, none)
    return _from_local(values.cast(pa.timestamp("ns"), safe=False), timezone)


def _from_local(local: pa.Array, timezone: str) -> EventTimes:
    """Take naive stamps as local time of `timezone`."""
    earliest = pc.assume_timezone(local, timezone, ambiguous="earliest", nonexistent="earliest")
    latest = pc.assume_timezone(local, timezone, ambiguous="latest", nonexistent="latest")
    missing = np.asarray(local.is_null())
    skipped = ~missing & (_nanos(pc.local_timestamp(earliest)) != _nanos(local))
    ambiguous = ~missing & ~skipped & (_nanos(earliest) != _nanos(latest))
    bad = missing | skipped
    return EventTimes(np.where(bad, 0, _nanos(earliest)), bad, skipped, ambiguous)


def _nanos(values: pa.Array) -> Whole:
    filled = pc.fill_null(values.cast(pa.int64(), safe=False), 0)
    return np.asarray(filled, np.int64)
