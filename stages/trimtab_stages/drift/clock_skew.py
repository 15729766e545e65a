"""ClockSkew: event times lie in the future of their arrival, or jump back against its order.

Rows may arrive late by the window's allowed lateness, or by five minutes of arrival time if that is
more: several servers and clients deliver out of order. Where event time runs faster than arrival (a
replay of old data), five minutes of arrival stand for as much more of event time. Within that, a
row that comes late fills a gap, while one of a clock that was set comes where others have been: it
counts when it is also later than five minutes and four times the disorder of most rows.

A clock is wrong when that is so for more than 1 % of the rows, or for more than 5 % of the rows of
one of 16 spans of the window. Of a clock that was put forward for good, a replay shows nothing.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.merge import Counts
from trimtab_stages.drift.records import RecordArrays
from trimtab_stages.drift.spans import NOWHERE, Chosen, SpanShare, greatest_share

LEAST_ROWS = 30
TOLERANCE_NS = 300_000_000_000
"""Five minutes."""
MOST_SKEWED = 0.01
"""Share of rows from which a clock is wrong."""
MOST_SKEWED_OF_SPAN = 0.05
"""The same of one span of the window."""
USUAL_ROWS = 0.75
"""Share of the rows that stay within the usual disorder."""
USUAL_TIMES = 4.0
"""How many times the usual disorder is allowed."""


@dataclass(frozen=True, slots=True)
class Skew:
    """Shares of a window's rows, 0..1.

    Attributes:
        ahead: rows whose event time is more than five minutes after their arrival.
        back: rows whose event time lies further behind the newest one than may be.
        worst_seconds: how far the worst of them is off.
        worst: the span in which they are most.
    """

    ahead: float = 0.0
    back: float = 0.0
    worst_seconds: float = 0.0
    worst: SpanShare = NOWHERE

    @property
    def is_wrong(self) -> bool:
        """Whether there are more such rows than a right clock has."""
        return max(self.ahead, self.back) > MOST_SKEWED or self.worst.share > MOST_SKEWED_OF_SPAN


def clock_skew(records: RecordArrays, lateness_seconds: int) -> Skew:
    """Return how far event times disagree with arrivals; nothing for few rows.

    Args:
        records: the window's rows.
        lateness_seconds: how late rows may be, seconds of event time.
    """
    if len(records) < LEAST_ROWS:
        return Skew()
    order = np.argsort(records.received_ns, kind="stable")
    event, received = records.event_ns[order], records.received_ns[order]
    early = event - received
    behind = _behind(event, received)
    ahead, back = early > TOLERANCE_NS, _is_back(event, received, behind, lateness_seconds)
    worst = max(early[ahead].max(initial=0), behind[back].max(initial=0))
    return Skew(
        ahead=float(ahead.mean()),
        back=float(back.mean()),
        worst_seconds=float(worst) / 1e9,
        worst=greatest_share(event, ahead | back),
    )


def _behind(event: Counts, received: Counts) -> Counts:
    """Return how far rows lie behind the newest one that had arrived before them, int64 [n].

    Rows of one request arrive together, in any order.
    """
    starts = np.flatnonzero(np.concatenate([[True], received[1:] != received[:-1]]))
    newest = np.maximum.accumulate(np.maximum.reduceat(event, starts))
    before = np.concatenate([event[:1], newest[:-1]])
    arrival = np.repeat(np.arange(len(starts)), np.diff([*starts.tolist(), len(event)]))
    return np.where(arrival > 0, np.maximum(before[arrival] - event, 0), 0)


def _is_back(event: Counts, received: Counts, behind: Counts, lateness_seconds: int) -> Chosen:
    """Return which rows jump back, [n]."""
    pace = max(float(np.ptp(event)) / max(float(np.ptp(received)), 1.0), 1.0)
    usual = float(np.quantile(behind, USUAL_ROWS))
    lateness = lateness_seconds * 1e9
    too_late = behind > max(lateness, TOLERANCE_NS * pace)
    late = behind > max(lateness, TOLERANCE_NS + USUAL_TIMES * usual)
    return np.asarray(too_late | (late & _are_occupied(event, received)))


def _are_occupied(event: Counts, received: Counts) -> Chosen:
    """Return whether a row of about the same event time had arrived before, [n]."""
    times = np.unique(event)
    step = int(np.median(np.diff(times))) if len(times) > 1 else 1
    _, place = np.unique(event // max(step, 1), return_inverse=True)
    first = np.full(place.max() + 1, np.iinfo(np.int64).max)
    np.minimum.at(first, place, received)
    return np.asarray(received > first[place])
