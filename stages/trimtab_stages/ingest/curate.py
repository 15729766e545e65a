"""Raw rows to clean rows: every rule that looks at one column or one series, in order."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import numpy as np

from trimtab_stages.contract.ingest import IngestRules, TimeRules
from trimtab_stages.ingest import trust
from trimtab_stages.ingest.cast import cast_rows
from trimtab_stages.ingest.duplicates import reject_duplicates, series_of
from trimtab_stages.ingest.event_time import EventTimes, read_event_times
from trimtab_stages.ingest.frame import NO_SOURCE, Frame, Mask, Rejected, Step, Whole
from trimtab_stages.ingest.grid import put_on_grid
from trimtab_stages.ingest.ledger import Ledger
from trimtab_stages.ingest.missing import fill_missing
from trimtab_stages.ingest.order import sort_rows
from trimtab_stages.ingest.ranges import reject_out_of_range, reject_unknown_categories
from trimtab_stages.ingest.raw import RawRows
from trimtab_stages.ingest.rule_names import Rule
from trimtab_stages.ingest.split import Boundaries, plan_boundaries
from trimtab_stages.ingest.trust import TimeTrust
from trimtab_stages.ingest.units import convert_units

CHECKS = (convert_units, reject_out_of_range, reject_unknown_categories, reject_duplicates)
"""Rules that look at one row or one key at a time, in order."""


@dataclass(frozen=True, slots=True)
class Curated:
    """Clean rows by series and time.

    Attributes:
        raw: the raw rows inside the time range; `source` of the frames points into them.
        measured: rows on the grid, nothing filled in.
        filled: the same rows, missing values filled; rejected ones have no source any more.
        boundaries: of the temporal split.
        time_trust: what was found about the stamps.
    """

    raw: RawRows
    measured: Frame
    filled: Frame
    boundaries: Boundaries
    time_trust: TimeTrust


def curate(
    raw: RawRows, rules: IngestRules, na_tokens: list[str], ledger: Ledger, now: datetime
) -> Curated:
    """Apply every rule from time stamps to missing values.

    Args:
        raw: rows as read.
        rules: what to do.
        na_tokens: texts that mean a missing value.
        ledger: notes what each rule did.
        now: time of ingestion; later rows are rejected.

    Raises:
        StageError: a rule failed; the reason says which.
    """
    start = ledger.clock()
    raw, times = within_range(
        raw, read_event_times(raw.table[rules.time.column], rules.time), rules
    )
    ledger.raw = raw
    ledger.refuse_too_many(rules)
    timed = ledger.account(lambda: _reject_bad_times(raw, times), since=start)
    typed = ledger.account(lambda: _cast(raw, timed, rules, na_tokens))
    clean, found = _trusted(typed, rules, ledger, now)
    clean = _checked(clean, rules, ledger)
    measured = ledger.account(lambda: put_on_grid(sort_rows(clean, rules), rules))
    ledger.refuse_too_many(rules)
    here = measured.time_ns[measured.source != NO_SOURCE]
    boundaries = plan_boundaries(here, rules.split)
    filled = ledger.account(lambda: fill_missing(measured, rules, boundaries.validation_ns))
    ledger.refuse_too_many(rules)
    time_trust = replace(
        found, skipped=int(times.skipped.sum()), ambiguous=int(times.ambiguous.sum())
    )
    return Curated(raw, measured, filled, boundaries, time_trust)


def within_range(raw: RawRows, times: EventTimes, rules: IngestRules) -> tuple[RawRows, EventTimes]:
    """Leave out rows outside time.start and time.end; unreadable times stay, to be rejected."""
    keep = np.flatnonzero(_in_range(times, rules.time))
    kept = EventTimes(times.ns[keep], times.bad[keep], times.skipped[keep], times.ambiguous[keep])
    return raw.take(keep), kept


def _in_range(times: EventTimes, rule: TimeRules) -> Mask:
    inside = np.ones(len(times.ns), np.bool_)
    if rule.start is not None:
        inside &= times.ns >= np.datetime64(rule.start.replace(tzinfo=None), "ns").astype(np.int64)
    if rule.end is not None:
        inside &= times.ns < np.datetime64(rule.end.replace(tzinfo=None), "ns").astype(np.int64)
    return inside | times.bad


def _reject_bad_times(raw: RawRows, times: EventTimes) -> Step:
    zeros = np.zeros(len(raw), np.int64)
    frame = Frame(times.ns, np.arange(len(raw)), zeros, zeros, {}, {})
    bad = np.flatnonzero(times.bad)
    reasons = tuple(
        "this local time never existed (clock change)" if times.skipped[row] else "no time stamp"
        for row in bad.tolist()
    )
    return Step(Rule.TIMESTAMP, frame.take(~times.bad), (Rejected(Rule.TIMESTAMP, bad, reasons),))


def _cast(raw: RawRows, timed: Frame, rules: IngestRules, na_tokens: list[str]) -> Step:
    """Cast the rows with a time; positions point into all raw rows again."""
    step = cast_rows(raw.take(timed.source), timed.time_ns, rules, na_tokens)
    rejected = tuple(
        Rejected(held.rule, timed.source[held.source], held.reasons) for held in step.rejected
    )
    return Step(step.rule, _pointing(step.frame, timed.source), rejected)


def _pointing(frame: Frame, source: Whole) -> Frame:
    return Frame(
        frame.time_ns,
        source[frame.source],
        frame.series,
        frame.segment,
        frame.numbers,
        frame.categories,
    )


def _trusted(
    typed: Frame, rules: IngestRules, ledger: Ledger, now: datetime
) -> tuple[Frame, TimeTrust]:
    disorder = trust.out_of_order_fraction(typed.time_ns, series_of(typed, rules))
    trust.refuse_disorder(disorder, rules.time)
    frame = ledger.account(lambda: trust.reject_future(typed, now))
    zone = trust.suspected_zone(frame.time_ns) if rules.time.timezone == "UTC" else ""
    return frame, TimeTrust(
        out_of_order=disorder, future=len(typed) - len(frame), suspected_zone=zone
    )


def _checked(frame: Frame, rules: IngestRules, ledger: Ledger) -> Frame:
    for rule in CHECKS:
        frame = ledger.account(partial(rule, frame, rules))
    return frame
