"""What can be taken away from a Model that is played to: each before a block, and back after it."""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial

from support.kubectl import Kubectl
from support.running_pods import of_component
from support.stage import Stage, way_to_server
from support.strikes import (
    api_server_frozen,
    kill_component,
    kill_pods,
    pods_in_phase,
    store_away,
)
from support.waiting import wait_until
from support.written_rows import are_written
from trimtab_operator.manifests import labels

SECONDS = 600
SERVER = of_component(labels.Component.SERVER)
WORKING = f"{labels.COMPONENT} in ({labels.Component.INGEST}, {labels.Component.TRAIN})"
EMBEDDED = "KUBE_CONTEXT" not in os.environ
"""Whether the cluster's processes are processes of this machine, which can be stopped."""

Strike = Callable[[Stage], AbstractContextManager[None]]


@contextmanager
def _component_killed(component: str, _: Stage) -> Iterator[None]:
    kill_component(component)
    yield


@contextmanager
def _working_pods_killed(stage: Stage) -> Iterator[None]:
    kill_pods(stage.kubectl, WORKING)
    yield


@contextmanager
def _server_killed(stage: Stage) -> Iterator[None]:
    """Kill the Model's pods while nothing is asked, and go on with their successors.

    What a server has answered and not written yet dies with it, as promised: up to
    `capture.flushSeconds` of rows. So that the play's outcome does not hang on those, all of them
    are written before.
    """
    with stage.player.turn:
        rows = int((stage.player.played.version != "").sum())
        written = partial(are_written, stage.kubectl, stage.name, rows)
        wait_until(written, SECONDS, interval=1, what="written rows")
        before = set(pods_in_phase(stage.kubectl, SERVER))
        kill_pods(stage.kubectl, SERVER)
        yield
        wait_until(lambda: _ready(stage.kubectl) - before, SECONDS, interval=1)
        wait_until(lambda: not _is_moving(stage), SECONDS, interval=1)
        stage.player.move(stage.ways.enter_context(way_to_server(stage.kubectl, stage.name)))


def _ready(kubectl: Kubectl) -> set[str]:
    pods = kubectl.get("pods", "-l", SERVER)["items"]
    return {
        pod["metadata"]["name"]
        for pod in pods
        for item in pod["status"].get("conditions", [])
        if item["type"] == "Ready" and item["status"] == "True"
    }


def _is_moving(stage: Stage) -> bool:
    """Return whether the Model's pods do not all follow its plan yet."""
    status = stage.kubectl.get(f"model/{stage.name}")["status"]
    rollout = status.get("rollout", {})
    if rollout.get("state") != "Progressing":
        return False
    return bool(rollout.get("planRevision") != status.get("planRevision"))


@contextmanager
def _store_away(_: Stage) -> Iterator[None]:
    with store_away():
        yield


@contextmanager
def _api_server_frozen(_: Stage) -> Iterator[None]:
    with api_server_frozen():
        yield


STRIKES: Mapping[str, Strike] = {
    "operator": partial(_component_killed, "operator"),
    "monitor": partial(_component_killed, "monitor"),
    "server": _server_killed,
    "stage": _working_pods_killed,
    "store": _store_away,
    "api-server": _api_server_frozen,
}
"""The victim is gone when the block begins, and comes back after it."""
