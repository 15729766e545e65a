"""Whatever is taken away at whatever hop of the closed loop: the same decisions, run and champion.

Bike share is played to the promotion and a little further. `make test-recovery` plays once for each
victim, takes it away at one hop after the other, and compares with a play that nothing disturbs. In
`make test` one victim at one hop takes its turn with the other kills, alone.
"""

from collections.abc import Sequence
from typing import Any

import pytest

from replay.streams import Stream
from support.closed_loop import SCENARIO, WINDOWS, Outcome, begun, played
from support.hops import WITHIN_A_RUN, Hop, midway, seen, striking
from support.kubectl import Kubectl
from support.running_pods import of_component
from support.strikes import pods_in_phase
from support.victims import EMBEDDED, STRIKES
from trimtab_operator.manifests import labels

pytestmark = [pytest.mark.e2e, pytest.mark.recovery]

NAMESPACE = "recovery"


def _is_ingesting(kubectl: Kubectl) -> bool:
    """Return whether the rows of the bad window are being taken in."""
    status = kubectl.get(f"driftmonitor/{SCENARIO.name}").get("status", {})
    found = pods_in_phase(kubectl, of_component(labels.Component.INGEST))
    return "pending" in status and bool(found)


def _is_retraining(kubectl: Kubectl) -> bool:
    found = pods_in_phase(kubectl, of_component(labels.Component.TRAIN))
    return bool(found) and len(kubectl.get("pipelineruns")["items"]) > 1


def _is_in_shadow(kubectl: Kubectl) -> bool:
    rollout = kubectl.get(f"model/{SCENARIO.name}")["status"].get("rollout", {})
    return rollout.get("state") == "Progressing" and bool(rollout.get("evidence"))


def _is_promoted(kubectl: Kubectl) -> bool:
    """Return whether the new champion answers while the former one is still there."""
    rollout = kubectl.get(f"model/{SCENARIO.name}")["status"].get("rollout", {})
    return rollout.get("state") == "Promoted" and bool(rollout.get("former"))


HOPS: dict[str, Hop] = {
    "watching": midway(WINDOWS - 2),
    "ingesting": seen(_is_ingesting),
    "retraining": seen(_is_retraining),
    **(WITHIN_A_RUN if EMBEDDED else {}),
    "shadow": seen(_is_in_shadow),
    "promoted": seen(_is_promoted),
}
AT_WORK = ("ingesting", "retraining", "exporting", "evaluating")
"""Hops at which a stage's pod is there that has something left to do."""
STRUCK = {
    victim: [hop for hop in HOPS if victim != "stage" or hop in AT_WORK] for victim in STRIKES
}
ALONE = [(victim, (hop,)) for victim, hops in STRUCK.items() for hop in hops]


def _case(victim: str, hops: Sequence[str], turn: pytest.MarkDecorator) -> Any:
    """Return a victim and its hops as a parameter that is run in turn, or whole."""
    frozen = pytest.mark.skipif(not EMBEDDED, reason="only the embedded one is frozen")
    marks = [turn, frozen] if victim == "api-server" else [turn]
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
    undisturbed: Outcome | None, stream: Stream, victim: str, hops: Sequence[str]
) -> None:
    reached = {name: HOPS[name] for name in hops}
    with begun(NAMESPACE, stream) as stage, striking(stage, victim, reached):
        found = played(stage)
    assert found.has_closed_the_loop(), found
    assert undisturbed is None or found == undisturbed
