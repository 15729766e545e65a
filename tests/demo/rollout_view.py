"""What a Model's status says of one challenger's rollout. Pure."""

from datetime import datetime
from typing import Any

from trimtab_operator.api.rollout import RolloutState

Body = dict[str, Any]


def is_shadowing(status: Body, digest: str) -> bool:
    """Return whether every pod has loaded the challenger: rows asked before are no evidence."""
    rollout = status.get("rollout", {})
    revision = rollout.get("planRevision")
    about = (rollout.get("digest"), revision)
    return bool(revision) and about == (digest, status.get("planRevision"))


def end_of(status: Body, digest: str) -> Body | None:
    """Return a challenger's rollout that has ended and that every pod follows, None before.

    Rows that are asked for before that are still the former version's.
    """
    rollout: Body = status.get("rollout", {})
    if rollout.get("digest") != digest or rollout.get("state") == RolloutState.PROGRESSING:
        return None
    moving = any(item["type"] == "Reconciling" for item in status["conditions"])
    return None if moving else rollout


def goes_on(status: Body, digest: str, newest_ns: int) -> bool:
    """Return whether the operator has judged the rows up to one, and they have ended nothing.

    The monitor's evidence does not say so: by it the operator may be about to end the rollout.

    Args:
        status: of the Model.
        digest: the challenger.
        newest_ns: event time of the newest labelled row, nanoseconds since 1970.
    """
    rollout = status.get("rollout", {})
    about = (rollout.get("digest"), rollout.get("state"))
    evidence = rollout.get("evidence", {})
    if about != (digest, RolloutState.PROGRESSING) or "through" not in evidence:
        return False
    reaches = datetime.fromisoformat(evidence["through"]).timestamp() >= newest_ns / 1e9
    # By its labels, for rows without any keep coming from a second client.
    judged = str(rollout["message"]).startswith(f"{evidence['labelled']} labelled of ")
    return reaches and judged
