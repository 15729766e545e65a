"""When no run of a Pipeline is due any more."""

from typing import Any

from support.kubectl import Kubectl
from support.waiting import wait_until
from trimtab_operator.api.conditions import ConditionType

SECONDS = 600
OTHER_HISTORY = '{"spec":{"historyLimit":11}}'
"""An edit that is no cause of a run, but must be reconciled."""


def settle(kubectl: Kubectl, name: str) -> None:
    """Let the operator decide once more what a Pipeline needs: then no run is due any more.

    A decision's run is created before the status says that the edit was seen.
    """
    kubectl.run("patch", f"pipeline/{name}", "--type=merge", "-p", OTHER_HISTORY)
    wait_until(lambda: _is_settled(kubectl.get(f"pipeline/{name}")), SECONDS, interval=0.5)


def _is_settled(pipeline: dict[str, Any]) -> bool:
    """Return whether the newest edit was seen while nothing kept a run from being started."""
    generation, status = pipeline["metadata"]["generation"], pipeline.get("status", {})
    known = {item["type"]: item["status"] for item in status.get("conditions", [])}
    free = {ConditionType.STORAGE_REACHABLE: "True", ConditionType.RUN_ACTIVE: "False"}
    return status.get("observedGeneration") == generation and known.items() >= free.items()
