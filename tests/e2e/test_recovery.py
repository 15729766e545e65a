"""Whatever is killed at whatever hop: the same snapshot, gates and champion, one run per cause.

They take turns in `make test`, one with each commit; `make test-recovery` runs them all.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from demo.tenant import tenant_store
from support.kubectl import Kubectl
from support.metric_log import MetricLog, read_metric_log
from support.settling import settle
from support.small_pipeline import EPOCHS, GATES, NAME, apply_small_pipeline, has_checkpoint
from support.strikes import kill_component, kill_pods, pods_in_phase, store_away
from support.waiting import wait_until
from trimtab_operator.manifests import labels
from trimtab_stages.contract.gates import Outcome as GateOutcome
from trimtab_stages.contract.layout import RUNS_PREFIX

pytestmark = [pytest.mark.e2e, pytest.mark.recovery]

SECONDS = 600


@dataclass(frozen=True)
class Outcome:
    """What must not depend on what was killed.

    Attributes:
        snapshot: its digest.
        gates: all that is told of each gate, with the measured numbers.
        champion: its digest.
        runs: number of PipelineRuns.
        stored_runs: number of runs that left anything in the store.
    """

    snapshot: str
    gates: tuple[tuple[tuple[str, str], ...], ...]
    champion: str
    runs: int
    stored_runs: int


@dataclass(frozen=True)
class Journey:
    """What came of it, and how the training got there."""

    outcome: Outcome
    log: MetricLog


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
    journey = _end(_begin(raw_bikes))
    assert (journey.outcome.runs, journey.outcome.stored_runs) == (1, 1)
    assert [dict(gate)["outcome"] for gate in journey.outcome.gates] == [
        GateOutcome.PASSED for _ in GATES
    ]
    assert journey.log.attempts == (tuple(range(1, EPOCHS + 1)),)
    return journey.outcome


def _begin(raw: bytes) -> Kubectl:
    kubectl = Kubectl("recovery")
    apply_small_pipeline(kubectl, raw)
    return kubectl


def _end(kubectl: Kubectl) -> Journey:
    wait_until(lambda: kubectl.get("models")["items"], 30)
    kubectl.wait(f"model/{NAME}", "Ready", SECONDS)
    settle(kubectl, NAME)
    runs = kubectl.get("pipelineruns")["items"]
    causes = [cause for run in runs for cause in run["spec"]["causes"]]
    assert len(causes) == len(set(causes)), f"a cause has two runs: {causes}"
    with tenant_store(kubectl.namespace) as store:
        stored = {entry.key.split("/")[1] for entry in store.list(RUNS_PREFIX)}
        log = read_metric_log(store, runs[0]["metadata"]["name"])
    outcome = Outcome(
        snapshot=kubectl.get(f"dataset/{NAME}")["status"]["snapshot"]["digest"],
        gates=tuple(tuple(sorted(gate.items())) for gate in runs[0]["status"]["gates"]),
        champion=kubectl.get(f"model/{NAME}")["status"]["champion"]["digest"],
        runs=len(runs),
        stored_runs=len(stored),
    )
    return Journey(outcome, log)


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
    journey = _end(kubectl)
    assert journey.outcome == undisturbed
    assert journey.log.is_in_order(), journey.log
    assert journey.log.epochs[-1] == EPOCHS, journey.log
    if name == "training":
        _assert_training_went_on(victim, journey.log)
    else:
        assert journey.log.missing(EPOCHS) == set(), journey.log


def _strike(victim: str, kubectl: Kubectl, hop: Hop) -> None:
    match victim:
        case "operator":
            kill_component("operator")
        case "pod":
            kill_pods(kubectl, hop.selector)
        case _:
            with store_away():
                pass


def _assert_training_went_on(victim: str, log: MetricLog) -> None:
    if victim == "operator":
        assert log.attempts == (tuple(range(1, EPOCHS + 1)),), log
        return
    # The strike was in the midst of it, and what came after began at a checkpoint.
    assert log.epochs[0] == 1, log
    assert log.continued_at, log
    if victim == "pod":
        assert log.started == 2, log
        # Between a checkpoint and its lines a killed process may leave the one alone.
        assert log.missing(EPOCHS) <= {log.continued_at[0] - 1}, log
