"""Cooldown: a change is given time to show in the data before the next retrain. Event time."""

from collections.abc import Sequence
from datetime import timedelta

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.driftmonitor import DriftMonitorSpec
from trimtab_operator.api.monitor_status import EvaluatedWindow, Retrain, RetrainState
from trimtab_operator.domain.stamp import stamp
from trimtab_operator.domain.suppression import Suppression


def cooldown(
    spec: DriftMonitorSpec, windows: Sequence[EvaluatedWindow], retrains: Sequence[Retrain]
) -> Suppression | None:
    """Return whether the last window is too near to a promotion or to a retrain.

    Args:
        spec: length of the windows, and of the cooldown in windows.
        windows: evaluated windows, oldest first; the last one is judged.
        retrains: retrains so far.
    """
    length = timedelta(seconds=spec.window.seconds * spec.guards.cooldown_windows)
    end = windows[-1].end
    decided = [item.window_end for item in retrains if item.state is not RetrainState.WITHDRAWN]
    if decided and end <= max(decided) + length:
        return _suppressed(f"a retrain was decided for the window that ended {stamp(max(decided))}")
    promoted = _promotion(windows)
    if promoted is not None and end <= promoted.start + length:
        return _suppressed(f"this version serves since the window from {stamp(promoted.start)}")
    return None


def _promotion(windows: Sequence[EvaluatedWindow]) -> EvaluatedWindow | None:
    """Return the first window of the last version; None where no other was seen before it."""
    version = windows[-1].version
    for before, after in zip(reversed(windows[:-1]), reversed(windows[1:]), strict=True):
        if before.version != version:
            return after
    return None


def _suppressed(cause: str) -> Suppression:
    return Suppression(DecisionReason.COOLDOWN, f"Cooldown: {cause}.")
