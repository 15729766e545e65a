"""Whatever is killed at whatever hop: the same snapshot, gates and champion, one run per cause.

They take turns in `make test`, one with each commit; `make test-recovery` runs them all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from demo.tenant import SYSTEM_NAMESPACE
from support.kubectl import Kubectl
from support.small_pipeline import apply_small_pipeline, has_checkpoint
from support.strikes import kill_pods, pods_in_phase, take_store_away
from support.waiting import wait_until
from trimtab_operator.manifests import labels

pytestmark = [pytest.mark.e2e, pytest.mark.recovery]

SECONDS = 600


@dataclass(frozen=True)
class Outcome:
    """What must not depend on what was killed."""

    snapshot: str
    gates: tuple[tuple[str, str], ...]
    champion: str
    runs: int


@dataclass(frozen=True)
class Hop:
    """A moment of the journey and the pods that are at work then."""

    name: str
    selector: str
    reached: Callable[[Kubectl], bool]


def _running(component: labels.Component) -> Callable[[Kubectl], bool]:
    return lambda kubectl: bool(pods_in_phase(kubectl, f"{labels.COMPONENT}={component}"))


HOPS = {
    hop.name: hop
    for hop in (
        Hop("ingest", f"{labels.COMPONENT}=ingest", _running(labels.Component.INGEST)),
        Hop("training", f"{labels.COMPONENT}=train", has_checkpoint),
        Hop("serving", f"{labels.COMPONENT}=server", _running(labels.Component.SERVER)),
    )
}
KILLS = [(victim, hop) for hop in HOPS for victim in ("operator", "pod", "store")]


@pytest.fixture(scope="module")
def undisturbed(installed: list[str], raw_bikes: bytes) -> Outcome:
    assert installed
    kubectl = _begin(raw_bikes)
    return _end(kubectl)


def _begin(raw: bytes) -> Kubectl:
    kubectl = Kubectl("recovery")
    apply_small_pipeline(kubectl, raw)
    return kubectl


def _end(kubectl: Kubectl) -> Outcome:
    wait_until(lambda: kubectl.get("models")["items"], 30)
    kubectl.wait("model/r", "Ready", SECONDS)
    runs = kubectl.get("pipelineruns")["items"]
    return Outcome(
        snapshot=kubectl.get("dataset/r")["status"]["snapshot"]["digest"],
        gates=tuple((gate["name"], gate["outcome"]) for gate in runs[0]["status"]["gates"]),
        champion=kubectl.get("model/r")["status"]["champion"]["digest"],
        runs=len(runs),
    )


@pytest.mark.rotating
@pytest.mark.parametrize("kill", KILLS, ids=[f"{victim}-at-{hop}" for victim, hop in KILLS])
def test_a_kill_changes_nothing(
    undisturbed: Outcome, kill: tuple[str, str], raw_bikes: bytes
) -> None:
    victim, name = kill
    hop = HOPS[name]
    kubectl = _begin(raw_bikes)
    wait_until(lambda: hop.reached(kubectl), SECONDS, interval=0.2, what=f"hop {name}")
    _strike(victim, kubectl, hop)
    assert _end(kubectl) == undisturbed


def _strike(victim: str, kubectl: Kubectl, hop: Hop) -> None:
    match victim:
        case "operator":
            kill_pods(Kubectl(SYSTEM_NAMESPACE), f"{labels.COMPONENT}=operator")
        case "pod":
            kill_pods(kubectl, hop.selector)
        case _:
            take_store_away()
