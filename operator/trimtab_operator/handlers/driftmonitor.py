"""Watches DriftMonitors."""

from typing import Any

import kopf

from trimtab_operator.api.base import GROUP, VERSION
from trimtab_operator.api.kinds import DRIFT_MONITOR
from trimtab_operator.reconcile.inbox import Inbox


def register(registry: kopf.OperatorRegistry, inbox: Inbox) -> None:
    """Deliver every event of a DriftMonitor to the inbox."""

    @kopf.on.event(GROUP, VERSION, DRIFT_MONITOR.plural, registry=registry)
    async def on_event(event: kopf.RawEvent, **_: Any) -> None:  # noqa: ANN401 - kopf's own arguments
        inbox.take_own(DRIFT_MONITOR.kind, event["type"], event["object"])
