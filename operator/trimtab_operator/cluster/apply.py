"""Carries out a plan's actions in order. What is already so is not written again."""

from collections.abc import Callable, Sequence
from typing import Protocol

from trimtab_operator.cluster.client import Cluster, Manifest, resource_of
from trimtab_operator.cluster.events import EventWriter, Subject
from trimtab_operator.cluster.manifest import contains, controller_uid, stamped
from trimtab_operator.cluster.resources import BY_TYPE, PODS
from trimtab_operator.domain.plan import Action, Apply, Create, Delete, Emit, Nudge, Record
from trimtab_operator.errors import Conflict, LeaseLost, NameTaken, Retryable
from trimtab_operator.manifests.labels import PLAN_REVISION


class AuditLog(Protocol):
    """Where records are appended."""

    async def append(self, subject: Subject, record: Record) -> None:
        """Append once per (action, cause, object); raises `RecordNotWritten`."""
        ...


class Actions:
    """Carries out actions for one object after another.

    Args:
        cluster: where children live.
        events: where Events go.
        audit: where records go.
        may_act: False once another operator may be active; asked before every write.
    """

    def __init__(
        self,
        cluster: Cluster,
        events: EventWriter,
        audit: AuditLog,
        may_act: Callable[[], bool],
    ) -> None:
        self._cluster = cluster
        self._events = events
        self._audit = audit
        self._may_act = may_act

    async def apply_all(self, subject: Subject, actions: Sequence[Action]) -> tuple[str, ...]:
        """Carry out the actions in order; the first that fails ends it.

        Returns:
            What was changed, for the log: `Apply Job/name`.

        Raises:
            LeaseLost: another operator may be active.
            NameTaken: a child's name belongs to somebody else.
            Retryable, Refused: the API server's or the audit store's answer.
        """
        changed = []
        for action in actions:
            if not self._may_act():
                raise LeaseLost("the Lease ran out between two actions")
            changed += await self._apply_one(subject, action)
        return tuple(changed)

    async def _apply_one(self, subject: Subject, action: Action) -> list[str]:
        match action:
            case Apply(manifest):
                return await self._apply(manifest)
            case Create(manifest):
                return await self._create(manifest)
            case Delete(api_version, kind, name):
                resource = BY_TYPE[api_version, kind]
                gone = await self._cluster.delete(resource, subject.namespace, name)
                return [f"Delete {kind}/{name}"] if gone else []
            case Nudge(pods, revision):
                return await self._nudge(subject.namespace, pods, revision)
            case Emit():
                await self._events.emit(subject, action)
                return []
            case Record():
                await self._audit.append(subject, action)
                return []

    async def _apply(self, manifest: Manifest) -> list[str]:
        wanted = stamped(manifest)
        live = await self._live(wanted)
        if live is not None:
            _check_owner(live, wanted)
            if contains(live, wanted):
                return []
        await self._cluster.apply(wanted)
        return [f"Apply {_label(manifest)}"]

    async def _create(self, manifest: Manifest) -> list[str]:
        try:
            await self._cluster.create(stamped(manifest))
        except Conflict:
            live = await self._live(manifest)
            if live is None:
                raise
            _check_owner(live, manifest)
            return []
        return [f"Create {_label(manifest)}"]

    async def _live(self, manifest: Manifest) -> Manifest | None:
        metadata = manifest["metadata"]
        live = await self._cluster.get(
            resource_of(manifest), metadata["namespace"], metadata["name"]
        )
        if live is not None and "deletionTimestamp" in live["metadata"]:
            raise Retryable(f"{_label(manifest)} is being deleted; it is made anew when it is gone")
        return live

    async def _nudge(self, namespace: str, pods: Sequence[str], revision: str) -> list[str]:
        """Annotate pods."""
        patch = {"metadata": {"annotations": {PLAN_REVISION: revision}}}
        for pod in pods:
            await self._cluster.merge(PODS, namespace, pod, patch)
        return [f"Nudge Pod/{pod}" for pod in pods]


def _check_owner(live: Manifest, wanted: Manifest) -> None:
    if controller_uid(live) != controller_uid(wanted):
        raise NameTaken(
            f"{_label(wanted)} exists and does not belong to this object; "
            "rename this object, or delete the other one"
        )


def _label(manifest: Manifest) -> str:
    return f"{manifest['kind']}/{manifest['metadata']['name']}"
