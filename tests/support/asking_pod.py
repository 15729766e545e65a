"""A pod beside the servers that asks through their Service, on kept and on fresh connections."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.intruder import build_pod
from support.kubectl import Kubectl
from support.running_pods import of_model, restarts
from support.waiting import wait_until
from trimtab_operator.manifests.names import server
from trimtab_operator.manifests.server import HTTP_PORT

SCRIPT = Path(__file__).with_name("asking_script.py")
NAME = "asker"
START_SECONDS = 120
LIMITS = {"cpu": "200m", "memory": "64Mi"}

Answers = dict[str, int]
"""How often each answer came, `<version> <values>`; those that are none begin with `failed`."""


@contextmanager
def asking(kubectl: Kubectl, model: str, body: str) -> Iterator[Callable[[], Answers]]:
    """Let a pod ask a Model until the end of the block; yield what tells its answers so far."""
    gone = ["--ignore-not-found", "--grace-period=1", "--wait=true"]
    kubectl.run("delete", f"pod/{NAME}", *gone)
    kubectl.apply(_pod(kubectl, model, body))
    try:
        wait_until(lambda: _told(kubectl), START_SECONDS, interval=0.5, what="first answers")
        yield lambda: _told(kubectl)
    finally:
        kubectl.run("delete", f"pod/{NAME}", *gone)


@contextmanager
def asking_undisturbed(kubectl: Kubectl, model: str, body: str) -> Iterator[Callable[[], Answers]]:
    """Ask as `asking` does; no request may fail in the block, and no pod may go or restart."""
    before = restarts(kubectl, of_model(model))
    with asking(kubectl, model, body) as told:
        yield told
        assert failures(told()) == {}
    assert restarts(kubectl, of_model(model)) == before


def failures(answers: Answers) -> Answers:
    """Return the answers that are none."""
    return {told: count for told, count in answers.items() if told.startswith("failed")}


def _told(kubectl: Kubectl) -> Answers:
    if kubectl.get(f"pod/{NAME}")["status"].get("phase") != "Running":
        return {}
    lines = kubectl.run("logs", f"pod/{NAME}", "--tail=1").splitlines()
    told: Answers = json.loads(lines[-1]) if lines else {}
    return told


def _pod(kubectl: Kubectl, model: str, body: str) -> dict[str, Any]:
    """Return the pod; the servers' image has all that it needs."""
    (container,) = kubectl.get(f"deployment/{server(model)}")["spec"]["template"]["spec"][
        "containers"
    ]
    host = kubectl.get(f"service/{server(model)}")["spec"]["clusterIP"]
    path = f"/v2/models/{model}/infer"
    pod = build_pod(container["image"], [SCRIPT.read_text(), host, str(HTTP_PORT), path, body])
    pod["metadata"] = {"name": NAME}
    (asker,) = pod["spec"]["containers"]
    asker |= {"name": NAME, "resources": {"limits": LIMITS}}
    return pod
