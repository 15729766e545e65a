"""ClockSkew: event times lie in the future of their arrival, or jump back against its order.

Rows may arrive late by the window's allowed lateness, or by five minutes of arrival time if that is
more: several servers and clients deliver out of order. Where event time runs faster than arrival (a
replay of old data), five minutes of arrival stand for as much more of event time.
"""

from dataclasses import dataclass

import numpy as np

from trimtab_stages.drift.records import RecordArrays

LEAST_ROWS = 30
TOLERANCE_NS = 300_000_000_000
"""Five minutes."""
MOST_SKEWED = 0.01
"""Share of rows from which a clock is wrong."""


@dataclass(frozen=True, slots=True)
class Skew:
    """Shares of a window's rows, 0..1.

    Attributes:
        ahead: rows whose event time is more than five minutes after their arrival.
        back: rows whose event time lies further behind the newest one than may be.
        worst_seconds: how far the worst of them is off.
    """

    ahead: float = 0.0
    back: float = 0.0
    worst_seconds: float = 0.0


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
    behind = np.maximum.accumulate(event) - event
    allowed = max(lateness_seconds * 1e9, TOLERANCE_NS * _pace(event, received))
    ahead, back = early > TOLERANCE_NS, behind > allowed
    worst = max(early[ahead].max(initial=0), behind[back].max(initial=0))
    return Skew(float(ahead.mean()), float(back.mean()), float(worst) / 1e9)


def _pace(event: np.ndarray, received: np.ndarray) -> float:
    """Return event time that passes per arrival time, at least 1."""
    return max(float(np.ptp(event)) / max(float(np.ptp(received)), 1.0), 1.0)
