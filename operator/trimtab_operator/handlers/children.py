"""Watches the Jobs, Pods and Deployments that belong to Trimtab's objects."""

from typing import Any

import kopf

from trimtab_operator.reconcile.inbox import Inbox

MANAGED = {"app.kubernetes.io/managed-by": "trimtab-operator"}
SELECTOR = "app.kubernetes.io/managed-by=trimtab-operator"
CHILDREN = (("batch", "v1", "jobs"), ("", "v1", "pods"), ("apps", "v1", "deployments"))


RAY_JOBS = ("ray.io", "v1", "rayjobs")


def register(registry: kopf.OperatorRegistry, inbox: Inbox, resource: tuple[str, str, str]) -> None:
    """Deliver every event of a child of this group, version and plural to the inbox."""
    group, version, plural = resource

    @kopf.on.event(group, version, plural, labels=MANAGED, registry=registry)
    async def on_event(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own arguments
        inbox.take_child(plural, event["object"])
