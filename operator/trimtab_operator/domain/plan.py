"""A plan: the actions that bring the cluster closer to the spec, and the status to write."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from trimtab_operator.api.base import Status
from trimtab_stages.contract.audit import AuditAction, AuditEvidence


class EventType(StrEnum):
    """Kind of a Kubernetes Event."""

    NORMAL = "Normal"
    WARNING = "Warning"


@dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply one child object."""

    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Create:
    """Create an object that is never changed afterwards; an existing equal one is success."""

    manifest: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delete:
    """Delete one child object and, in the background, what it owns."""

    api_version: str
    kind: str
    name: str


@dataclass(frozen=True, slots=True)
class Nudge:
    """Annotate pods, so that the kubelet refreshes their mounted files at once."""

    pods: tuple[str, ...]
    revision: str


@dataclass(frozen=True, slots=True)
class Emit:
    """Write a Kubernetes Event about the reconciled object."""

    type: EventType
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Record:
    """Append to the audit chain, once per (action, cause, object).

    Actions after it in the plan are carried out only when the record is written.
    """

    action: AuditAction
    reason: str
    cause: str
    evidence: tuple[AuditEvidence, ...] = ()


Action = Apply | Create | Delete | Nudge | Emit | Record


@dataclass(frozen=True, slots=True)
class Plan:
    """Actions in order, the whole status, and when to look again at the latest."""

    status: Status
    actions: tuple[Action, ...] = field(default=())
    requeue_after: float | None = None
