"""The closed loop of bike share in the cluster, from the raw file to a promotion, once or often."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from demo.installation import empty, upload
from demo.latency import Latency
from demo.loop import Loop
from demo.scenario import Manifest, bike_scenario
from replay.streams import Stream
from support.kubectl import Kubectl
from support.stage import Stage, staged
from support.waiting import wait_until

SECONDS = 600
WINDOWS = 4
"""The third one's quality drops; what is retrained for it is promoted in the fourth."""
SCENARIO = bike_scenario()
RUN_SECONDS = 1800
"""Each attempt that a strike ends doubles the pause before the next; six take five minutes."""
MOST_ATTEMPTS = 12
"""More than strikes can end: an outage of the store in each stage ends some."""
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


def is_watching(kubectl: Kubectl) -> bool:
    """Return whether two windows are decided, so that the third is the next."""
    status = kubectl.get(f"driftmonitor/{SCENARIO.name}").get("status", {})
    return len(status.get("decisions", [])) == WINDOWS - 2


@contextmanager
def begun(namespace: str, stream: Stream, replicas: int = 1) -> Iterator[Stage]:
    """Go from the raw file to a Model that serves and is watched."""
    kubectl = Kubectl(namespace)
    empty(namespace)
    upload(namespace, SCENARIO.key, SCENARIO.raw())
    *before, monitor = SCENARIO.manifests
    for manifest in before:
        kubectl.apply(_fitted(manifest, replicas))
    wait_until(lambda: kubectl.get("models")["items"], 30)
    kubectl.wait(f"model/{SCENARIO.name}", "Ready", SECONDS)
    kubectl.apply(monitor)
    delay, batch = SCENARIO.label_delay_ns, SCENARIO.batch
    with staged(kubectl, SCENARIO.name, stream, delay, batch) as stage:
        yield stage


def _fitted(manifest: Manifest, replicas: int) -> Manifest:
    """Return a manifest of the scenario as it is played here."""
    spec = manifest["spec"]
    if manifest["kind"] == "Pipeline":
        compute = spec.get("compute", {}) | {"maxAttempts": MOST_ATTEMPTS}
        return manifest | {"spec": spec | {"compute": compute}}
    if manifest["kind"] == "Model" and replicas > 1:
        # All of them and a pod that trains have room on a node of two processors.
        serving = {"replicas": replicas, "cpu": "150m"}
        return manifest | {"spec": spec | {"serving": serving}}
    return manifest


def played(stage: Stage) -> Outcome:
    """Play all windows; return what came of them."""
    name, kubectl, player = SCENARIO.name, stage.kubectl, stage.player
    latency, day_rows = Latency(1), SCENARIO.day_rows
    loop = Loop(kubectl, name, player.stream, player, print, latency, day_rows, RUN_SECONDS)
    loop.play()
    assert player.played.failed == 0
    status = kubectl.get(f"driftmonitor/{name}")["status"]
    runs = sorted(kubectl.get("pipelineruns")["items"], key=lambda run: run["spec"]["trigger"])
    causes = [cause for run in runs for cause in run["spec"]["causes"]]
    assert len(causes) == len(set(causes)), f"a cause has two runs: {causes}"
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
