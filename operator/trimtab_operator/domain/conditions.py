"""Conditions: one list from many verdicts; times change only when a status flips."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from trimtab_operator.api.conditions import Condition, ConditionType, Reason

MAX_MESSAGE = 4096


class Truth(StrEnum):
    """Status of a condition."""

    TRUE = "True"
    FALSE = "False"
    UNKNOWN = "Unknown"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found about one condition type: status, reason and a message for people."""

    type: ConditionType
    status: Truth
    reason: str
    message: str


def is_true(kind: ConditionType, reason: str, message: str) -> Verdict:
    """Return the verdict that the condition holds."""
    return Verdict(kind, Truth.TRUE, reason, message)


def is_false(kind: ConditionType, reason: str, message: str) -> Verdict:
    """Return the verdict that the condition does not hold."""
    return Verdict(kind, Truth.FALSE, reason, message)


def is_unknown(kind: ConditionType, reason: str, message: str) -> Verdict:
    """Return the verdict that nobody can tell yet."""
    return Verdict(kind, Truth.UNKNOWN, reason, message)


def paused(*, suspend: bool, effect: str) -> Verdict:
    """Return the Paused condition.

    Args:
        suspend: `spec.suspend`.
        effect: what its being set means for this object, and how it ends.
    """
    if suspend:
        return is_true(ConditionType.PAUSED, Reason.SUSPENDED, effect)
    return is_false(ConditionType.PAUSED, Reason.RESUMED, "`spec.suspend` is not set.")


def reconciling(reason: str, message: str) -> Verdict:
    """Return the condition that the operator is at work; leave it out when it is done."""
    return is_true(ConditionType.RECONCILING, reason, message)


def stalled(reason: str, message: str) -> Verdict:
    """Return the condition that a person must act; leave it out when nobody has to."""
    return is_true(ConditionType.STALLED, reason, message)


ABNORMAL = frozenset({ConditionType.RECONCILING, ConditionType.STALLED})
"""True or absent: what no verdict names any more is removed."""


@dataclass(frozen=True, slots=True)
class Moment:
    """When verdicts were reached, and on which generation of the spec."""

    generation: int
    now: datetime


def set_conditions(
    before: Sequence[Condition],
    verdicts: Iterable[Verdict],
    moment: Moment,
    removable: frozenset[ConditionType] = ABNORMAL,
) -> list[Condition]:
    """Return the conditions after the verdicts, in the order of `ConditionType`.

    Types without a verdict stay as they are, but removable ones go.
    """
    old = {condition.type: condition for condition in before}
    kept = {kind: value for kind, value in old.items() if kind not in removable}
    new = {item.type.value: _update(old.get(item.type), item, moment) for item in verdicts}
    order = {kind.value: place for place, kind in enumerate(ConditionType)}
    return sorted((kept | new).values(), key=lambda item: order.get(item.type, len(order)))


def _update(old: Condition | None, verdict: Verdict, moment: Moment) -> Condition:
    same = old is not None and old.status == verdict.status
    return Condition(
        type=verdict.type,
        status=verdict.status,
        observed_generation=moment.generation,
        last_transition_time=old.last_transition_time if old is not None and same else moment.now,
        reason=verdict.reason,
        message=verdict.message[:MAX_MESSAGE],
    )
