"""One reconcile of one object: read, decide, act, write the status if it says something new."""

import logging
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

from trimtab_operator.api.base import API_VERSION, Status
from trimtab_operator.api.kinds import Kind
from trimtab_operator.cluster.apply import Actions
from trimtab_operator.cluster.client import Cluster, Manifest
from trimtab_operator.cluster.events import Subject
from trimtab_operator.cluster.lister import Caches
from trimtab_operator.cluster.patience import patient
from trimtab_operator.cluster.resources import OWN_KINDS
from trimtab_operator.domain.conditions import Moment
from trimtab_operator.domain.plan import Plan
from trimtab_operator.errors import Conflict, NameTaken, RecordNotWritten, Refused, Retryable
from trimtab_operator.reconcile.controllers import Controllers
from trimtab_operator.reconcile.foreign_status import without
from trimtab_operator.reconcile.report import is_own_fault, verdicts_of, with_verdicts
from trimtab_operator.reconcile.schedule import Key
from trimtab_operator.telemetry.metrics import Metrics
from trimtab_operator.telemetry.observe import Observations

logger = logging.getLogger(__name__)

STATUS_IDENTITY = ("name", "namespace", "resourceVersion")
"""With the version, nobody else may have written since this reconcile read the object."""
REFUSED_SECONDS = 60.0
"""When to ask again for what was refused: only a person can change the answer."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """Where a reconcile leaves its numbers."""

    metrics: Metrics
    observations: Observations


class Reconciler:
    """Brings one object after another closer to its spec.

    Args:
        cluster: objects and their status.
        controllers: reads and decisions by kind.
        actions: carries out plans.
        telemetry: numbers.
        caches: of the kinds that are listed as a whole.
    """

    def __init__(
        self,
        cluster: Cluster,
        controllers: Controllers,
        actions: Actions,
        telemetry: Telemetry,
        caches: Caches,
    ) -> None:
        self._cluster = cluster
        self._controllers = controllers
        self._actions = actions
        self._telemetry = telemetry
        self._caches = caches

    async def reconcile(self, key: Key, now: datetime) -> float | None:
        """Reconcile one object; one that is gone or going is left alone.

        Where the API server throttles, all requests of the reconcile together wait for a bounded
        time; after it the reconcile has failed.

        Returns:
            Seconds after which to look again at the latest, or None.

        Raises:
            Retryable, LeaseLost: see `Actions.apply_all`.
        """
        with patient():
            return await self._reconcile(key, now)

    async def _reconcile(self, key: Key, now: datetime) -> float | None:
        body = await self._cluster.get(OWN_KINDS[key.kind], key.namespace, key.name)
        if body is None:
            self._telemetry.observations.forget(key.kind, key.namespace, key.name)
            return None
        if "deletionTimestamp" in body["metadata"]:
            return None
        controller = self._controllers[key.kind]
        try:
            known = controller.kind.parse(body)
        except ValidationError as error:
            if is_own_fault(error):
                raise
            await self._report(controller.kind, body, error, now)
            return None
        plan = await controller.decide(known, now)
        wait = await self._carry_out(controller.kind, body, plan, now)
        self._telemetry.observations.observe(key.kind, known, plan.status)
        return wait

    async def _carry_out(
        self, kind: Kind, body: Manifest, plan: Plan, now: datetime
    ) -> float | None:
        subject = subject_of(kind, body)
        try:
            changed = await self._actions.apply_all(subject, plan.actions)
        except RecordNotWritten as error:
            await self._report(kind, body, error, now)
            raise
        except (NameTaken, Refused) as error:
            await self._report(kind, body, error, now)
            return REFUSED_SECONDS
        for change in changed:
            self._telemetry.metrics.writes.labels(kind.kind, change.partition(" ")[0]).inc()
            logger.info("changed", extra={"object": _label(subject), "change": change})
        status = plan.status.model_copy(update={"observed_generation": subject.generation})
        await self._write_status(kind, body, status)
        return plan.requeue_after

    async def _report(self, kind: Kind, body: Manifest, fault: Exception, now: datetime) -> None:
        """Write what went wrong into the conditions, beside what the status said before."""
        before = _status_of(kind, body)
        moment = Moment(body["metadata"].get("generation", 0), now)
        await self._write_status(
            kind, body, with_verdicts(before, verdicts_of(kind, fault), moment)
        )

    async def _write_status(self, kind: Kind, body: Manifest, after: Status) -> None:
        before = without(_status_of(kind, body).to_wire(), kind.foreign_status)
        wire = without(after.to_wire(), kind.foreign_status)
        if wire == before:
            return
        metadata = {name: body["metadata"][name] for name in STATUS_IDENTITY}
        manifest = {
            "apiVersion": API_VERSION,
            "kind": kind.kind,
            "metadata": metadata,
            "status": wire,
        }
        try:
            await self._apply_status(kind, manifest)
        except Refused as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            logger.debug("object is gone", extra={"object": metadata["name"]})
            return
        self._telemetry.metrics.writes.labels(kind.kind, "Status").inc()

    async def _apply_status(self, kind: Kind, manifest: Manifest) -> None:
        """Write a status; who decides about another object next must see it."""
        cache = self._caches.get(kind.kind)
        try:
            written = await self._cluster.apply(manifest, subresource="status")
        except Retryable as error:
            # Without an answer, or with a bad one, it may have been written all the same.
            if cache is not None and not isinstance(error, Conflict):
                cache.forget()
            raise
        if cache is not None:
            cache.take(written)


def subject_of(kind: Kind, body: Manifest) -> Subject:
    """Return what actions, Events and records say of a reconciled object."""
    metadata: dict[str, Any] = body["metadata"]
    return Subject(
        api_version=API_VERSION,
        kind=kind.kind,
        namespace=metadata["namespace"],
        name=metadata["name"],
        uid=metadata["uid"],
        generation=metadata.get("generation", 0),
    )


def _status_of(kind: Kind, body: Manifest) -> Status:
    status = kind.parse_status(body)
    if not isinstance(status, Status):
        raise TypeError(f"{kind.kind} has a status that is no Status")
    return status


def _label(subject: Subject) -> str:
    return f"{subject.kind}/{subject.namespace}/{subject.name}"
