"""Budget: so many retrains within 30 days of wall time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.domain.suppression import Suppression

PERIOD = timedelta(days=30)


def run_budget(retrains: Sequence[Retrain], limit: int, now: datetime) -> Suppression | None:
    """Return whether the budget is spent; a retrain that never started costs nothing.

    Args:
        retrains: retrains so far.
        limit: `guards.maxRunsPer30Days`.
        now: wall time.
    """
    spent = [
        item.time
        for item in retrains
        if item.state is not RetrainState.WITHDRAWN and item.time > now - PERIOD
    ]
    if len(spent) < limit:
        return None
    freed = f"; the next is free at {stamp(min(spent) + PERIOD)}" if spent else ""
    words = f"Budget: {len(spent)} of {limit} retrains within 30 days are spent{freed}."
    return Suppression(DecisionReason.BUDGET_EXHAUSTED, words)
