"""Which pods there are, and how often each was restarted."""

from typing import Any

from support.kubectl import Kubectl
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.labels import server_selector


def restarts(kubectl: Kubectl, selector: str) -> dict[str, int]:
    """Return the pods that are not going, by uid, with how often each was restarted."""
    return {
        pod["metadata"]["uid"]: sum(
            item["restartCount"] for item in pod["status"].get("containerStatuses", [])
        )
        for pod in pods(kubectl, selector)
    }


def pods(kubectl: Kubectl, selector: str) -> list[dict[str, Any]]:
    """Return the pods that are not going."""
    found = kubectl.get("pods", "-l", selector)["items"]
    return [pod for pod in found if "deletionTimestamp" not in pod["metadata"]]


def of_component(component: str) -> str:
    """Return the selector of a component's pods."""
    return f"{labels.COMPONENT}={component}"


def of_model(name: str) -> str:
    """Return the selector of a Model's server pods."""
    return ",".join(f"{key}={value}" for key, value in server_selector(name).items())
