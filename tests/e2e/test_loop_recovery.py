"""Whatever is taken away at whatever hop of the closed loop: the same decisions, run and champion.

`make test-recovery` takes each away at each hop; bike share is played to the promotion.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from demo.installation import empty, upload
from demo.latency import Latency
from demo.loop import Loop
from demo.scenario import bike_scenario
from demo.tenant import SYSTEM_NAMESPACE
from replay.player import Player
from replay.streams import Stream
from support.kubectl import Kubectl
from support.strikes import freeze_api_server, kill_pods, pods_in_phase, take_store_away
from support.waiting import wait_until
from trimtab_operator.manifests import labels
from trimtab_operator.manifests.names import server

pytestmark = [pytest.mark.e2e, pytest.mark.recovery]

SECONDS = 600
WINDOWS = 4
"""The third one's quality drops; what is retrained for it is promoted in the fourth."""
SCENARIO = bike_scenario()
NAMESPACE = "recovery"


@dataclass(frozen=True)
class Outcome:
    """What must not depend on what was taken away."""

    decisions: tuple[tuple[str, str], ...]
    triggers: tuple[str, ...]
    gates: tuple[str, ...]
    champion: str


def _is_watching(kubectl: Kubectl) -> bool:
    """Return whether two windows are decided, so that the third is the next."""
    status = kubectl.get(f"driftmonitor/{SCENARIO.name}").get("status", {})
    return len(status.get("decisions", [])) == WINDOWS - 2


def _is_retraining(kubectl: Kubectl) -> bool:
    found = pods_in_phase(kubectl, f"{labels.COMPONENT}={labels.Component.TRAIN}")
    return bool(found) and len(kubectl.get("pipelineruns")["items"]) > 1


def _is_in_shadow(kubectl: Kubectl) -> bool:
    rollout = kubectl.get(f"model/{SCENARIO.name}")["status"].get("rollout", {})
    return rollout.get("state") == "Progressing" and bool(rollout.get("evidence"))


HOPS = {"watching": _is_watching, "retraining": _is_retraining, "shadow": _is_in_shadow}
STRIKES: dict[str, Callable[[Kubectl], None]] = {
    "operator": lambda _: _kill("operator"),
    "monitor": lambda _: _kill("monitor"),
    "training": lambda kubectl: kill_pods(kubectl, f"{labels.COMPONENT}={labels.Component.TRAIN}"),
    "store": lambda _: take_store_away(),
    "api-server": lambda _: freeze_api_server(),
}
CASES = [
    (victim, hop)
    for hop in HOPS
    for victim in STRIKES
    # There is a training pod only while it trains.
    if victim != "training" or hop == "retraining"
]


def _kill(component: str) -> None:
    kill_pods(Kubectl(SYSTEM_NAMESPACE), f"{labels.COMPONENT}={component}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "strike" in metafunc.fixturenames:
        cases = CASES if metafunc.config.getoption("--all-kills") else []
        metafunc.parametrize("strike", cases, ids=[f"{who}-at-{hop}" for who, hop in cases])


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return SCENARIO.stream(tmp_path_factory.mktemp("stream"), WINDOWS)


@pytest.fixture(scope="module")
def undisturbed(installed: list[str], stream: Stream) -> Outcome:
    assert NAMESPACE in installed
    kubectl = _begun()
    return _played(stream, kubectl)


def test_a_strike_changes_nothing(
    undisturbed: Outcome, stream: Stream, strike: tuple[str, str]
) -> None:
    victim, hop = strike
    assert undisturbed.triggers == ("NewSnapshot", "Verdict")
    kubectl = _begun()
    with _striking(kubectl, HOPS[hop], STRIKES[victim]):
        found = _played(stream, kubectl)
    assert found == undisturbed


def _begun() -> Kubectl:
    """Go from the raw file to a Model that serves and is watched."""
    kubectl = Kubectl(NAMESPACE)
    empty(NAMESPACE)
    upload(NAMESPACE, SCENARIO.key, SCENARIO.raw())
    *before, monitor = SCENARIO.manifests
    for manifest in before:
        kubectl.apply(manifest)
    wait_until(lambda: kubectl.get("models")["items"], 30)
    kubectl.wait(f"model/{SCENARIO.name}", "Ready", SECONDS)
    kubectl.apply(monitor)
    return kubectl


def _played(stream: Stream, kubectl: Kubectl) -> Outcome:
    """Play all windows; return what came of them."""
    name = SCENARIO.name
    with kubectl.forward(f"svc/{server(name)}", 8080) as address:
        player = Player(stream, name, address, SCENARIO.label_delay_ns, SCENARIO.batch)
        loop = Loop(kubectl, name, stream, player, print, Latency(1), SCENARIO.day_rows)
        loop.play()
        player.close()
    assert player.played.failed == 0
    status = kubectl.get(f"driftmonitor/{name}")["status"]
    runs = kubectl.get("pipelineruns")["items"]
    return Outcome(
        decisions=tuple((item["windowEnd"], item["outcome"]) for item in status["decisions"]),
        triggers=tuple(sorted(run["spec"]["trigger"] for run in runs)),
        gates=tuple(hop.gates for hop in loop.hops),
        champion=kubectl.get(f"model/{name}")["status"]["champion"]["digest"],
    )


@contextmanager
def _striking(
    kubectl: Kubectl, reached: Callable[[Kubectl], bool], strike: Callable[[Kubectl], None]
) -> Iterator[None]:
    """Strike once when a hop is reached, beside what the block does."""
    struck: list[bool] = []

    def wait_and_strike() -> None:
        wait_until(lambda: reached(kubectl), SECONDS, interval=0.2, what="the hop")
        strike(kubectl)
        struck.append(True)

    thread = threading.Thread(target=wait_and_strike, daemon=True)
    thread.start()
    yield
    thread.join(SECONDS)
    assert struck, "the hop was reached, and the strike carried out"
