"""Watches the Jobs, Pods, Deployments and RayJobs that belong to Trimtab's objects."""

from typing import Any

import kopf

from trimtab_operator.cluster.resources import DEPLOYMENTS, JOBS, PODS, Resource
from trimtab_operator.reconcile.inbox import Inbox

MANAGED = {"app.kubernetes.io/managed-by": "trimtab-operator"}
SELECTOR = "app.kubernetes.io/managed-by=trimtab-operator"
CHILDREN = (JOBS, PODS, DEPLOYMENTS)


def register(registry: kopf.OperatorRegistry, inbox: Inbox, resource: Resource) -> None:
    """Deliver every event of a kind of child to the inbox."""

    @kopf.on.event(
        resource.group, resource.version, resource.plural, labels=MANAGED, registry=registry
    )
    async def on_event(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own arguments
        inbox.take_child(resource.kind, event["object"])
