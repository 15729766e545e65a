"""Server pods that say which plan they follow, and how soon they do."""

import contextlib
import http.client
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from time import monotonic

from support.kubectl import Kubectl, KubectlError
from support.running_pods import of_model, pods
from trimtab_operator.manifests.names import serving_plan
from trimtab_operator.manifests.server import ADMIN_PORT, PLAN_FILE
from trimtab_stages.contract.serving_plan import ServerState, ServingPlan

LOOK_SECONDS = 0.2


@contextmanager
def admin_addresses(kubectl: Kubectl, model: str) -> Iterator[list[str]]:
    """Yield where the Model's pods say which plan they follow."""
    names = [pod["metadata"]["name"] for pod in pods(kubectl, of_model(model))]
    with ExitStack() as stack:
        ways = [kubectl.forward(f"pod/{name}", ADMIN_PORT) for name in names]
        yield [stack.enter_context(way) for way in ways]


def states(addresses: Sequence[str]) -> list[ServerState]:
    """Return what the pods say."""
    return [_state(address) for address in addresses]


def plan_of(kubectl: Kubectl, model: str) -> ServingPlan:
    """Return the plan that the Model's pods should follow."""
    text = kubectl.get(f"configmap/{serving_plan(model)}")["data"][PLAN_FILE]
    return ServingPlan.from_bytes(text.encode())


@dataclass
class Followed:
    """Plans by revision.

    Attributes:
        published: when each was seen first, seconds.
        followed: when all pods were seen to follow it.
    """

    published: dict[str, float] = field(default_factory=dict)
    followed: dict[str, float] = field(default_factory=dict)

    def seconds(self, revision: str) -> float:
        """Return how long it took until all pods followed a plan; raises `KeyError`."""
        return self.followed[revision] - self.published[revision]


@contextmanager
def following(kubectl: Kubectl, model: str, addresses: Sequence[str]) -> Iterator[Followed]:
    """Look during the block which plan is published, and whether all pods follow it."""
    found, stop = Followed(), threading.Event()

    def look() -> None:
        revision = plan_of(kubectl, model).revision
        found.published.setdefault(revision, monotonic())
        if {state.revision for state in states(addresses)} == {revision}:
            found.followed.setdefault(revision, monotonic())

    def look_on() -> None:
        while not stop.wait(LOOK_SECONDS):
            # A look that fails is made again: a plan that is never followed is what tells.
            with contextlib.suppress(KubectlError, OSError, http.client.HTTPException):
                look()

    thread = threading.Thread(target=look_on, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        stop.set()
        thread.join()


def _state(address: str) -> ServerState:
    connection = http.client.HTTPConnection(address, timeout=20)
    try:
        connection.request("GET", "/plan")
        return ServerState.model_validate_json(connection.getresponse().read())
    finally:
        connection.close()
