"""Circuit breaker: after some failed retrains in a row only a person may go on."""

from collections.abc import Sequence
from datetime import datetime

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import Breaker, Retrain
from trimtab_operator.domain.failed_retrains import failed_in_a_row
from trimtab_operator.domain.suppression import Suppression
from trimtab_operator.manifests import labels

MARK_CHARS = 256
"""As much of the annotation as the status keeps."""


def next_breaker(
    breaker: Breaker, retrains: Sequence[Retrain], limit: int, reset: str, now: datetime
) -> Breaker:
    """Return the breaker after what has become of the retrains.

    Args:
        breaker: as it was.
        retrains: retrains so far, oldest first.
        limit: `guards.breakerFailures`.
        reset: value of the annotation `trimtab.dev/reset-breaker`; empty where there is none.
        now: wall time.
    """
    mark = reset[:MARK_CHARS]
    if mark and mark != breaker.last_handled_reset:
        return Breaker(reset_time=now, last_handled_reset=mark)
    failures = len(failed_in_a_row(retrains, breaker.reset_time))
    return breaker.model_copy(update={"open": failures >= limit, "failures": failures})


def open_breaker(breaker: Breaker, monitor: str) -> Suppression | None:
    """Return whether the breaker keeps retrains from being decided."""
    if not breaker.open:
        return None
    words = (
        f"Breaker: {breaker.failures} retrains have failed in a row; see why, then `kubectl "
        f'annotate driftmonitor/{monitor} {labels.RESET_BREAKER}="$(date -Is)" --overwrite`.'
    )
    return Suppression(DecisionReason.BREAKER_OPEN, words)
