"""Calendar parts of the event time as points on a circle, so that 23 h and 0 h are neighbours."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from trimtab_stages.contract.ingest import Cyclical, CyclicPart
from trimtab_stages.ingest.event_time import NANOS
from trimtab_stages.ingest.frame import Numbers, Whole

DAY_NS = 86_400 * NANOS
DAYS_PER_YEAR = 365.2425
"""Mean length of the Gregorian year."""

MONDAY_OFFSET_DAYS = 3
"""1970-01-01 was a Thursday, three days after a Monday."""

NAMES = {
    CyclicPart.HOUR_OF_DAY: "hour_of_day",
    CyclicPart.DAY_OF_WEEK: "day_of_week",
    CyclicPart.DAY_OF_YEAR: "day_of_year",
}

SINE_TERMS = (1.0, -1 / 6, 1 / 120, -1 / 5040, 1 / 362_880, -1 / 39_916_800, 1 / 6_227_020_800)
COSINE_TERMS = (1.0, -1 / 2, 1 / 24, -1 / 720, 1 / 40_320, -1 / 3_628_800, 1 / 479_001_600)
"""Taylor coefficients; below 45 degrees the next term is under 1e-14."""


def cyclical_names(rule: Cyclical) -> list[str]:
    """Return the names of the features: `<part>_sin`, `<part>_cos` for every part."""
    return [f"{NAMES[part]}_{function}" for part in rule.parts for function in ("sin", "cos")]


def cyclical_features(time_ns: Whole, rule: Cyclical) -> dict[str, Numbers]:
    """Return sine and cosine of every part of the event time.

    Args:
        time_ns: event times, nanoseconds since 1970 UTC, shape (rows,).
        rule: parts and the time zone of the calendar.

    Returns:
        Arrays of shape (rows,) in [-1, 1] by feature name.
    """
    local = _local_ns(time_ns, rule.timezone)
    features: dict[str, Numbers] = {}
    for part in rule.parts:
        sine, cosine = sine_cosine(_turns(local, part))
        features[f"{NAMES[part]}_sin"] = sine
        features[f"{NAMES[part]}_cos"] = cosine
    return features


def sine_cosine(turns: Numbers) -> tuple[Numbers, Numbers]:
    """Return sine and cosine of angles in turns (1 = 360 degrees), the same on every machine.

    Only additions and multiplications of IEEE 754 are used: the sines of mathematics libraries
    differ in the last bit between processors, and snapshots are identified by their bits.
    Error: below 1e-13.
    """
    quarter = np.floor(turns * 4 + 0.5)
    angle = (turns * 4 - quarter) * (np.pi / 2)
    sine, cosine = angle * _polynomial(SINE_TERMS, angle), _polynomial(COSINE_TERMS, angle)
    quadrant = quarter.astype(np.int64) % 4
    return (
        np.choose(quadrant, [sine, cosine, -sine, -cosine]),
        np.choose(quadrant, [cosine, -sine, -cosine, sine]),
    )


def _turns(local_ns: Whole, part: CyclicPart) -> Numbers:
    days = local_ns // DAY_NS
    match part:
        case CyclicPart.HOUR_OF_DAY:
            return (local_ns - days * DAY_NS) / DAY_NS
        case CyclicPart.DAY_OF_WEEK:
            return ((days + MONDAY_OFFSET_DAYS) % 7) / 7.0
        case CyclicPart.DAY_OF_YEAR:
            year_start = local_ns.astype("datetime64[ns]").astype("datetime64[Y]")
            return (days - year_start.astype("datetime64[D]").astype(np.int64)) / DAYS_PER_YEAR


def _local_ns(time_ns: Whole, timezone: str) -> Whole:
    stamps = pa.array(time_ns).cast(pa.timestamp("ns", timezone))
    return np.asarray(pc.local_timestamp(stamps).cast(pa.int64()), np.int64)


def _polynomial(terms: tuple[float, ...], angle: Numbers) -> Numbers:
    """Evaluate a polynomial in the square of the angle (Horner)."""
    square = angle * angle
    value = np.full_like(angle, terms[-1])
    for term in reversed(terms[:-1]):
        value = value * square + term
    return value
