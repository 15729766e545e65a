"""Watches Pipelines."""

from typing import Any

import kopf

from trimtab_operator.api.base import GROUP, VERSION
from trimtab_operator.api.kinds import PIPELINE
from trimtab_operator.reconcile.inbox import Inbox


def register(registry: kopf.OperatorRegistry, inbox: Inbox) -> None:
    """Deliver every event of a Pipeline to the inbox."""

    @kopf.on.event(GROUP, VERSION, PIPELINE.plural, registry=registry)
    async def on_event(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own arguments
        inbox.take_own(PIPELINE.kind, event["type"], event["object"])
