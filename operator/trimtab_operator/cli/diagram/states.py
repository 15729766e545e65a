"""Conditions to states."""

from trimtab_operator.api.base import Status
from trimtab_operator.api.conditions import Condition, ConditionType
from trimtab_operator.cli.diagram.picture import State
from trimtab_operator.cli.strictness import TrimtabObject
from trimtab_stages.contract.gates import Outcome

OUTCOMES = {
    Outcome.PASSED: State.GOOD,
    Outcome.FAILED: State.BAD,
    Outcome.INCONCLUSIVE: State.ATTENTION,
}


def is_true(status: Status, kind: ConditionType) -> bool:
    """Return whether a condition is there and True."""
    found = status.condition(kind)
    return found is not None and found.status == "True"


def is_false(status: Status, kind: ConditionType) -> bool:
    """Return whether a condition is there and False."""
    found = status.condition(kind)
    return found is not None and found.status == "False"


def summary_of(item: TrimtabObject) -> tuple[State, str, str]:
    """Return state, word and message of an object, in kstatus's order."""
    if getattr(item.spec, "suspend", False):
        return State.PAUSED, "Suspended", "spec.suspend is set"
    for kind, state in (
        (ConditionType.STALLED, State.BAD),
        (ConditionType.FAILED, State.BAD),
        (ConditionType.RECONCILING, State.ACTIVE),
    ):
        if is_true(item.status, kind):
            return _said(item.status.condition(kind), state)
    ready = item.status.condition(ConditionType.READY)
    if ready is None:
        return State.DECLARED, "Declared", "only the manifest is known"
    if ready.status == "True":
        return _said(ready, State.GOOD)
    return _said(ready, State.ATTENTION if ready.status == "False" else State.WAITING)


def _said(condition: Condition | None, state: State) -> tuple[State, str, str]:
    if condition is None:
        return State.DECLARED, "Declared", ""
    return state, condition.reason, condition.message
