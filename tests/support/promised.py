"""The promise of bad input: a condition within 30 s of the moment at which Kubernetes shows why."""

from collections.abc import Callable
from typing import Any

from support.kubectl import Kubectl
from support.waiting import wait_until

PROMISED_SECONDS = 30
KNOWABLE_SECONDS = 300
"""How long it may take until pods have started and come to the fault; nothing is promised of it."""

Found = dict[str, Any]
UNTOLD = {"ContainerCreating", "PodInitializing"}


def wait_for_ended_pod(kubectl: Kubectl, selector: str) -> None:
    """Wait until a container of these pods has ended in a failure."""
    _wait_for_pod(kubectl, selector, _has_failed, "has failed")


def wait_for_refused_pod(kubectl: Kubectl, selector: str) -> None:
    """Wait until the kubelet says that it cannot start a container of these pods."""
    _wait_for_pod(kubectl, selector, _is_refused, "is refused")


def wait_for_running_pod(kubectl: Kubectl, selector: str) -> None:
    """Wait until a container of these pods runs."""
    _wait_for_pod(kubectl, selector, lambda state: "running" in state, "runs")


def wait_for_failed_mount(kubectl: Kubectl, words: str) -> None:
    """Wait until the kubelet has written an Event of a volume that cannot be mounted."""

    def told() -> bool:
        events = kubectl.get("events", "--field-selector", "reason=FailedMount")["items"]
        return any(words in event["message"] for event in events)

    wait_until(told, KNOWABLE_SECONDS, interval=0.5, what=f"FailedMount with {words!r}")


def promised(kubectl: Kubectl, what: str, kind: str, reason: str) -> Found:
    """Return the condition that an object must have from now on within the promised time."""

    def said() -> Found:
        found = kubectl.condition(what, kind)
        assert found.get("reason") == reason, found
        return found

    return wait_until(said, PROMISED_SECONDS, interval=0.5, what=f"{kind}/{reason} of {what}")


def _wait_for_pod(
    kubectl: Kubectl, selector: str, holds: Callable[[Found], bool], what: str
) -> None:
    def seen() -> bool:
        pods = kubectl.get("pods", "-l", selector)["items"]
        statuses = [s for pod in pods for s in pod["status"].get("containerStatuses", [])]
        states = [status["state"] for status in statuses]
        assert any(map(holds, states)), states
        return True

    wait_until(seen, KNOWABLE_SECONDS, interval=0.5, what=f"a pod of {selector} {what}")


def _has_failed(state: Found) -> bool:
    return bool(state.get("terminated", {}).get("exitCode"))


def _is_refused(state: Found) -> bool:
    return state.get("waiting", {}).get("reason", "ContainerCreating") not in UNTOLD
