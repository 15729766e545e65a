"""Conditions for what stops a reconcile before, or instead of, its plan."""

from collections.abc import Sequence
from typing import TypeVar

from pydantic import ValidationError

from trimtab_operator.api.base import Status
from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.kinds import Kind
from trimtab_operator.domain.conditions import (
    Moment,
    Verdict,
    is_false,
    reconciling,
    set_conditions,
    stalled,
)
from trimtab_operator.errors import NameTaken, RecordNotWritten, Refused

SHOWN = 3

AnyStatus = TypeVar("AnyStatus", bound=Status)


def is_own_fault(error: ValidationError) -> bool:
    """True where the status cannot be read: Trimtab wrote it, so no person can correct it."""
    return any(detail["loc"][:1] == ("status",) for detail in error.errors())


def invalid_spec(error: ValidationError) -> str:
    """Return the message that names each wrong field and what is wrong with it."""
    details = error.errors(include_url=False)
    faults = [
        f"`{'.'.join(str(part) for part in detail['loc'])}`: "
        f"{detail['msg'].removeprefix('Value error, ')}"
        for detail in details[:SHOWN]
    ]
    more = f" and {len(details) - SHOWN} more" if len(details) > SHOWN else ""
    return f"{'; '.join(faults)}{more}. Correct the field and apply the manifest again."


def with_verdicts(status: AnyStatus, verdicts: Sequence[Verdict], moment: Moment) -> AnyStatus:
    """Return the status with these verdicts in place of what a plan would say."""
    conditions = set_conditions(status.conditions, verdicts, moment)
    return status.model_copy(
        update={"conditions": conditions, "observed_generation": moment.generation}
    )


def verdicts_of(kind: Kind, fault: Exception) -> list[Verdict]:
    """Return what a fault means for the object; empty for one that only needs another try."""
    summary = ConditionType(kind.summary)
    match fault:
        case ValidationError():
            text = invalid_spec(fault)
            return [
                is_false(ConditionType.VALIDATED, Reason.INVALID_SPEC, text),
                stalled(Reason.INVALID_SPEC, text),
                is_false(summary, Reason.INVALID_SPEC, text),
            ]
        case NameTaken():
            text = str(fault)
            return [
                stalled(Reason.NAME_COLLISION, text),
                is_false(summary, Reason.NAME_COLLISION, text),
            ]
        case Refused():
            text = f"The API server refuses: {fault}. Grant it, or correct the field it names."
            return [
                reconciling(Reason.REFUSED, text),
                is_false(summary, Reason.REFUSED, text),
            ]
        case RecordNotWritten():
            text = f"{fault} Until then, nothing that must be recorded first is done."
            return [
                reconciling(Reason.AUDIT_UNWRITABLE, text),
                is_false(summary, Reason.AUDIT_UNWRITABLE, text),
            ]
        case _:
            return []
