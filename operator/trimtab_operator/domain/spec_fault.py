"""Faults and doubts of a spec: the field, the cause and what to write instead."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.domain.conditions import Verdict, is_false, is_true

SHOWN = 5
"""More faults than these are counted, not told."""


@dataclass(frozen=True, slots=True)
class SpecFault:
    """One contradiction in a spec, or one doubt about it.

    Attributes:
        field: path of the field, for example `spec.lags[0].column`.
        message: cause and next step, without a full stop.
        reason: reason of the Validated condition.
    """

    field: str
    message: str
    reason: str = Reason.INVALID_SPEC

    def __str__(self) -> str:
        return f"`{self.field}`: {self.message}"


@dataclass(frozen=True, slots=True)
class Interval:
    """A decimal field and the closed interval that it must lie in."""

    field: str
    value: Decimal | None
    low: str
    high: str


def outside(intervals: list[Interval]) -> Iterator[SpecFault]:
    """Yield the values that lie outside their interval."""
    for item in intervals:
        value = item.value
        if value is not None and not Decimal(item.low) <= value <= Decimal(item.high):
            words = f"{value:f} must lie between {item.low} and {item.high}"
            yield SpecFault(item.field, words)


def verdict_of(faults: Sequence[SpecFault], doubts: Sequence[SpecFault] = ()) -> Verdict:
    """Return the Validated condition; the first fault gives the reason.

    Args:
        faults: what cannot be followed.
        doubts: what is followed, and told.
    """
    if faults:
        return is_false(ConditionType.VALIDATED, faults[0].reason, f"{_told(faults)}.")
    if doubts:
        words = f"The spec is consistent. Warning: {_told(doubts)}."
        return is_true(ConditionType.VALIDATED, Reason.VALID_WITH_WARNING, words)
    return is_true(ConditionType.VALIDATED, Reason.VALID, "The spec is consistent.")


def _told(faults: Sequence[SpecFault]) -> str:
    told = "; ".join(str(fault) for fault in faults[:SHOWN])
    return f"{told}; and {len(faults) - SHOWN} more" if len(faults) > SHOWN else told
