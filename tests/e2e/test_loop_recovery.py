"""Whatever is taken away at whatever hop of the closed loop: the same decisions, run and champion.

Bike share is played to the promotion and a little further. `make test-recovery` plays once for each
victim, takes it away at one hop after the other, and compares with a play that nothing disturbs. In
`make test` one victim at one hop takes its turn with the other kills, alone.
"""

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from replay.streams import Stream
from support.closed_loop import (
    SCENARIO,
    SECONDS,
    WINDOWS,
    Outcome,
    Stage,
    begun,
    is_watching,
    played,
    way_to_server,
)
from support.kubectl import Kubectl, KubectlError
from support.strikes import (
    freeze_api_server,
    kill_component,
    kill_pods,
    pods_in_phase,
    take_store_away,
)
from support.waiting import wait_until
from support.written_rows import are_written
from trimtab_operator.manifests import labels

pytestmark = [pytest.mark.e2e, pytest.mark.recovery]

NAMESPACE = "recovery"
LOOK_SECONDS = 0.2
INGESTING = f"{labels.COMPONENT}={labels.Component.INGEST}"
TRAINING = f"{labels.COMPONENT}={labels.Component.TRAIN}"
WORKING = f"{labels.COMPONENT} in ({labels.Component.INGEST}, {labels.Component.TRAIN})"


def _is_ingesting(kubectl: Kubectl) -> bool:
    """Return whether the rows of the bad window are being taken in."""
    status = kubectl.get(f"driftmonitor/{SCENARIO.name}").get("status", {})
    return "pending" in status and bool(pods_in_phase(kubectl, INGESTING))


def _is_retraining(kubectl: Kubectl) -> bool:
    found = pods_in_phase(kubectl, TRAINING)
    return bool(found) and len(kubectl.get("pipelineruns")["items"]) > 1


def _is_in_shadow(kubectl: Kubectl) -> bool:
    rollout = kubectl.get(f"model/{SCENARIO.name}")["status"].get("rollout", {})
    return rollout.get("state") == "Progressing" and bool(rollout.get("evidence"))


def _is_promoted(kubectl: Kubectl) -> bool:
    """Return whether the new champion answers while the former one is still there."""
    rollout = kubectl.get(f"model/{SCENARIO.name}")["status"].get("rollout", {})
    return rollout.get("state") == "Promoted" and bool(rollout.get("former"))


def _kill_server(stage: Stage) -> None:
    """Kill the Model's pods while nothing is asked, and go on with their successor.

    What a server has answered and not written yet dies with it, as promised: up to
    `capture.flushSeconds` of rows. So that the play's outcome does not hang on those, all of them
    are written before.
    """
    selector = f"{labels.COMPONENT}={labels.Component.SERVER}"
    with stage.player.turn:
        rows = int((stage.player.played.version != "").sum())
        written = partial(are_written, stage.kubectl, SCENARIO.name, rows)
        wait_until(written, SECONDS, interval=1, what="written rows")
        before = set(pods_in_phase(stage.kubectl, selector))
        kill_pods(stage.kubectl, selector)
        wait_until(lambda: _ready(stage.kubectl, selector) - before, SECONDS, interval=1)
        wait_until(lambda: not _is_moving(stage.kubectl), SECONDS, interval=1)
        stage.player.move(stage.ways.enter_context(way_to_server(stage.kubectl)))


def _ready(kubectl: Kubectl, selector: str) -> set[str]:
    pods = kubectl.get("pods", "-l", selector)["items"]
    return {
        pod["metadata"]["name"]
        for pod in pods
        for item in pod["status"].get("conditions", [])
        if item["type"] == "Ready" and item["status"] == "True"
    }


def _is_moving(kubectl: Kubectl) -> bool:
    """Return whether the Model's pods do not all follow its plan yet."""
    status = kubectl.get(f"model/{SCENARIO.name}")["status"]
    rollout = status.get("rollout", {})
    if rollout.get("state") != "Progressing":
        return False
    return bool(rollout.get("planRevision") != status.get("planRevision"))


HOPS = {
    "watching": is_watching,
    "ingesting": _is_ingesting,
    "retraining": _is_retraining,
    "shadow": _is_in_shadow,
    "promoted": _is_promoted,
}
STRIKES: dict[str, Callable[[Stage], None]] = {
    "operator": lambda _: kill_component("operator"),
    "monitor": lambda _: kill_component("monitor"),
    "server": _kill_server,
    "stage": lambda stage: kill_pods(stage.kubectl, WORKING),
    "store": lambda _: take_store_away(),
    "api-server": lambda _: freeze_api_server(),
}
EMBEDDED = pytest.mark.skipif(
    "KUBE_CONTEXT" in os.environ, reason="only the embedded one is frozen"
)
AT_WORK = {"stage": ("ingesting", "retraining")}
"""Hops at which there is such a pod, where that is not always so."""
STRUCK = {victim: AT_WORK.get(victim, tuple(HOPS)) for victim in STRIKES}
ALONE = [(victim, (hop,)) for victim, hops in STRUCK.items() for hop in hops]


def _case(victim: str, hops: Sequence[str], turn: pytest.MarkDecorator) -> Any:
    """Return a victim and its hops as a parameter that is run in turn, or whole."""
    marks = [turn, EMBEDDED] if victim == "api-server" else [turn]
    place = "every-hop" if len(hops) > 1 else hops[0]
    return pytest.param(victim, hops, id=f"{victim}-at-{place}", marks=marks)


CASES = [
    *(_case(victim, hops, pytest.mark.rotating(alone=True)) for victim, hops in ALONE),
    *(_case(victim, hops, pytest.mark.whole) for victim, hops in STRUCK.items()),
]


@pytest.fixture(scope="module")
def stream(tmp_path_factory: pytest.TempPathFactory) -> Stream:
    return SCENARIO.stream(tmp_path_factory.mktemp("stream"), WINDOWS)


@pytest.fixture(scope="module")
def undisturbed(
    installed: list[str], stream: Stream, pytestconfig: pytest.Config
) -> Outcome | None:
    """Return what comes of an undisturbed play; None where one strike alone is not worth one."""
    assert NAMESPACE in installed
    if not pytestconfig.getoption("--all-kills"):
        return None
    with begun(NAMESPACE, stream) as stage:
        return played(stage)


@pytest.mark.parametrize(("victim", "hops"), CASES)
def test_a_strike_changes_nothing(
    undisturbed: Outcome | None, stream: Stream, victim: str, hops: tuple[str, ...]
) -> None:
    with begun(NAMESPACE, stream) as stage, _striking(stage, victim, hops):
        found = played(stage)
    assert found.has_closed_the_loop(), found
    assert undisturbed is None or found == undisturbed


@contextmanager
def _striking(stage: Stage, victim: str, hops: Sequence[str]) -> Iterator[None]:
    """Strike once at each hop, beside what the block does."""
    struck: list[str] = []
    over = threading.Event()

    def wait_and_strike() -> None:
        for hop in hops:
            while not _has_reached(stage, hop):
                # A play that has failed must not be struck when the next one is on.
                if over.wait(LOOK_SECONDS):
                    return
            STRIKES[victim](stage)
            struck.append(hop)

    thread = threading.Thread(target=wait_and_strike, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    assert struck == list(hops), "each hop was reached, and each strike carried out"


def _has_reached(stage: Stage, hop: str) -> bool:
    """Return whether a hop is seen to be reached, also while the API server comes back."""
    try:
        return HOPS[hop](stage.kubectl)
    except KubectlError:
        return False
