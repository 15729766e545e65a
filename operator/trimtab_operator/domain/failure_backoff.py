"""Backoff: each further failed retrain doubles the pause before the next one. Wall time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import Retrain
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.domain.suppression import Suppression

LONGEST = timedelta(days=7)


def failure_backoff(failed: Sequence[Retrain], seconds: int, now: datetime) -> Suppression | None:
    """Return whether the pause after the last failed retrain is not over.

    Args:
        failed: retrains that failed in a row, oldest first.
        seconds: pause after the first, `guards.failureBackoffSeconds`.
        now: wall time.
    """
    if not failed:
        return None
    over = (failed[-1].end_time or failed[-1].time) + pause(len(failed), seconds)
    if now >= over:
        return None
    words = f"Backoff: {len(failed)} failed in a row; the pause ends {stamp(over)}."
    return Suppression(DecisionReason.FAILURE_BACKOFF, words)


def pause(failures: int, seconds: int) -> timedelta:
    """Return the pause after so many failures in a row, at most seven days."""
    doubled: timedelta = timedelta(seconds=seconds) * (1 << (failures - 1))
    return min(LONGEST, doubled)
