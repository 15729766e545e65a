"""One in flight: no retrain is decided while the last change is still on its way."""

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import PendingRetrain
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.domain.suppression import Suppression


def one_in_flight(
    pending: PendingRetrain | None, active_run: str | None, challenger: str | None
) -> Suppression | None:
    """Return whether a retrain, a run or a rollout has not ended.

    Args:
        pending: retrain that was decided and has not ended.
        active_run: run of the Pipeline that is not finished, for whatever cause.
        challenger: digest of the version in rollout.
    """
    if pending is not None:
        end = stamp(pending.window_end)
        return _suppressed(f"the retrain for the window that ended {end} has not ended")
    if active_run is not None:
        return _suppressed(f"run `{active_run}` is not finished")
    if challenger is not None:
        return _suppressed(f"challenger {challenger[:19]} is in rollout")
    return None


def _suppressed(cause: str) -> Suppression:
    return Suppression(DecisionReason.IN_FLIGHT, f"In flight: {cause}.")
