"""How many retrains failed in a row."""

from collections.abc import Sequence
from datetime import datetime

from trimtab_operator.api.monitor_status import Retrain, RetrainState

FAILED = frozenset({RetrainState.FAILED, RetrainState.ROLLED_BACK})
TELLING = FAILED | {RetrainState.PASSED}
"""Only these say whether retraining works."""


def failed_in_a_row(retrains: Sequence[Retrain], since: datetime | None) -> list[Retrain]:
    """Return the newest retrains that failed with none that passed after them, oldest first.

    Args:
        retrains: retrains so far, oldest first.
        since: those that ended before do not count: a person has reset the breaker then.
    """
    found: list[Retrain] = []
    for item in reversed(retrains):
        if item.state not in TELLING:
            continue
        ended = item.end_time or item.time
        if item.state is RetrainState.PASSED or (since is not None and ended <= since):
            break
        found.insert(0, item)
    return found
