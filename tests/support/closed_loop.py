"""The closed loop of bike share in the cluster, from the raw file to a promotion, once or often."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass

from demo.installation import empty, upload
from demo.latency import Latency
from demo.loop import Loop
from demo.scenario import Manifest, bike_scenario
from replay.player import Player
from replay.streams import Stream
from support.kubectl import Kubectl
from support.waiting import wait_until
from trimtab_operator.manifests.names import server

SECONDS = 600
WINDOWS = 4
"""The third one's quality drops; what is retrained for it is promoted in the fourth."""
SCENARIO = bike_scenario()
PATIENCE_SECONDS = 60.0
"""Requests go through the API server: while it is frozen for 20 seconds they wait, and go on."""
SETTLED = ("start", "end", "version", "faults")
MEASURED = (*SETTLED, "rows", "labels", "signals")
DECIDED = ("windowEnd", "outcome", "reason", "rule", "version", "holding")

Told = tuple[tuple[str, str], ...]
"""Fields of an object as JSON tells them."""


@dataclass(frozen=True)
class Outcome:
    """What must not depend on what was taken away. Ids hold uids, so they are not of it.

    Attributes:
        windows: what was measured in each, with its numbers where one version answered it all.
        decisions: what was decided for each, and by which rule.
        triggers: what each run was started for.
        gates: whether they passed, in the window that retrained.
        judged: each run's gates with their measured numbers.
        champion: digest of the version that answers in the end.
        retrained: digest of what the monitor's verdict led to.
    """

    windows: tuple[Told, ...]
    decisions: tuple[Told, ...]
    triggers: tuple[str, ...]
    gates: tuple[str, ...]
    judged: tuple[Told, ...]
    champion: str
    retrained: str

    def has_closed_the_loop(self) -> bool:
        """Return whether one bad window started one run, and what that made is champion."""
        outcomes = [json.loads(dict(told)["outcome"]) for told in self.decisions]
        retrains = [place for place, told in enumerate(outcomes) if told == "Retrain"]
        return (
            retrains == [WINDOWS - 2]
            and self.triggers == ("NewSnapshot", "Verdict")
            and [gate for gate in self.gates if gate] == ["Passed"]
            and self.champion == self.retrained
        )


@dataclass(frozen=True)
class Stage:
    """The loop while it is played.

    Attributes:
        kubectl: in the namespace of the loop.
        player: asks and labels.
        ways: what is open to server pods; closed at the end.
    """

    kubectl: Kubectl
    player: Player
    ways: ExitStack


def is_watching(kubectl: Kubectl) -> bool:
    """Return whether two windows are decided, so that the third is the next."""
    status = kubectl.get(f"driftmonitor/{SCENARIO.name}").get("status", {})
    return len(status.get("decisions", [])) == WINDOWS - 2


def way_to_server(kubectl: Kubectl) -> AbstractContextManager[str]:
    """Forward a port to a server pod that runs now."""
    return kubectl.forward(f"svc/{server(SCENARIO.name)}", 8080)


@contextmanager
def begun(namespace: str, stream: Stream, replicas: int = 1) -> Iterator[Stage]:
    """Go from the raw file to a Model that serves and is watched."""
    kubectl = Kubectl(namespace)
    empty(namespace)
    upload(namespace, SCENARIO.key, SCENARIO.raw())
    *before, monitor = SCENARIO.manifests
    for manifest in before:
        kubectl.apply(_replicated(manifest, replicas))
    wait_until(lambda: kubectl.get("models")["items"], 30)
    kubectl.wait(f"model/{SCENARIO.name}", "Ready", SECONDS)
    kubectl.apply(monitor)
    with ExitStack() as ways:
        address = ways.enter_context(way_to_server(kubectl))
        player = Player(
            stream,
            SCENARIO.name,
            address,
            SCENARIO.label_delay_ns,
            SCENARIO.batch,
            seconds=PATIENCE_SECONDS,
        )
        yield Stage(kubectl, player, ways)
        player.close()


def _replicated(manifest: Manifest, replicas: int) -> Manifest:
    if manifest["kind"] != "Model" or replicas == 1:
        return manifest
    # All of them and a pod that trains have room on a node of two processors.
    serving = {"replicas": replicas, "cpu": "150m"}
    return manifest | {"spec": manifest["spec"] | {"serving": serving}}


def played(stage: Stage) -> Outcome:
    """Play all windows; return what came of them."""
    name, kubectl, player = SCENARIO.name, stage.kubectl, stage.player
    loop = Loop(kubectl, name, player.stream, player, print, Latency(1), SCENARIO.day_rows)
    loop.play()
    assert player.played.failed == 0
    status = kubectl.get(f"driftmonitor/{name}")["status"]
    runs = sorted(kubectl.get("pipelineruns")["items"], key=lambda run: run["spec"]["trigger"])
    made = [run["status"]["modelDigest"] for run in runs if run["spec"]["trigger"] == "Verdict"]
    return Outcome(
        windows=measured(status["evaluations"]),
        decisions=tuple(_told(item, DECIDED) for item in status["decisions"]),
        triggers=tuple(run["spec"]["trigger"] for run in runs),
        gates=tuple(hop.gates for hop in loop.hops),
        judged=tuple(_told(gate, gate) for run in runs for gate in run["status"]["gates"]),
        champion=kubectl.get(f"model/{name}")["status"]["champion"]["digest"],
        retrained=", ".join(made),
    )


def measured(evaluations: Sequence[Mapping[str, object]]) -> tuple[Told, ...]:
    """Return what is the same of each window, also where the promotion came a day later.

    It falls into the last one. What delays a day's rows on their way to the monitor lets the former
    version answer those of the next day, too.
    """
    *whole, last = evaluations
    return (*(_told(item, MEASURED) for item in whole), _told(last, SETTLED))


def _told(item: Mapping[str, object], fields: Iterable[str]) -> Told:
    return tuple((name, json.dumps(item.get(name), sort_keys=True)) for name in fields)
