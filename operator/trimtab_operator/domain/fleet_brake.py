"""Fleet brake: one cause, a broken feed say, must not retrain every Model of the operator at once.

Of all DriftMonitors that are due, those whose windows ended first start, as many as the limit
leaves room for; the others wait for a slot. DriftMonitors are decided one at a time, so each sees
what was decided about the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.domain.suppression import Suppression

PATIENCE = timedelta(hours=1)
"""A retrain whose run has not started for so long no longer holds up the others."""


@dataclass(frozen=True, slots=True)
class FleetMember:
    """Another DriftMonitor, reduced to what the brake needs.

    Attributes:
        uid: its uid.
        waiting_for: end of the window that it waits for a slot with; None where it does not wait.
        pending_since: when its pending retrain was decided; None where there is none.
        running: the run of its pending retrain has started.
    """

    uid: str
    waiting_for: datetime | None = None
    pending_since: datetime | None = None
    running: bool = False


@dataclass(frozen=True, slots=True)
class Fleet:
    """All other DriftMonitors of the operator.

    Attributes:
        limit: retrains that may be active at once.
        members: the others.
    """

    limit: int
    members: Sequence[FleetMember] = ()


def fleet_brake(fleet: Fleet, uid: str, window_end: datetime, now: datetime) -> Suppression | None:
    """Return whether a retrain has to wait for others.

    Args:
        fleet: the other DriftMonitors.
        uid: of the DriftMonitor that is due.
        window_end: end of the window that it is due with.
        now: wall time.
    """
    active = sum(_is_active(member, now) for member in fleet.members)
    before = sum(
        (member.waiting_for, member.uid) < (window_end, uid)
        for member in fleet.members
        if member.waiting_for is not None
    )
    if active + before < fleet.limit:
        return None
    words = (
        f"Fleet: {active} retrains are active and {before} wait before this one, {fleet.limit} may "
        "be active at once. It starts when a slot is free."
    )
    return Suppression(DecisionReason.FLEET_BUSY, words)


def _is_active(member: FleetMember, now: datetime) -> bool:
    since = member.pending_since
    return since is not None and (member.running or now - since < PATIENCE)
