"""`make demo`: the whole loop on real data in a cluster, and what it was worth."""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.beside import Beside
from demo.installation import ROOT, empty, install
from demo.journey import EXAMPLES, NAME, Journey
from demo.latency import Latency
from demo.loop import Loop
from demo.prometheus import Watching, tell_alerts, watching
from demo.story import Story
from replay.arms import gap
from replay.picture import Mark, draw
from replay.player import Player
from replay.streams import bikes
from support.bars import Bar
from support.datasets import bike_share
from support.kubectl import Kubectl
from trimtab_operator.manifests.names import server

CLOSE_ENOUGH, LONGEST_MINUTES = 0.02, 40
MONTHS, WINDOWS, HALF = 22, 12, 6
HOUR_NS = 3_600_000_000_000
PICTURE = ROOT / "loop.svg"


def main() -> int:
    """Run the demo; returns 0 when every step was reached."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--namespace", default="demo")
    parser.add_argument("--windows", type=int, default=int(os.environ.get("WINDOWS", WINDOWS)))
    options = parser.parse_args()
    with TemporaryDirectory() as folder, watching(Kubectl(options.namespace)) as watched:
        _tell(Story(), watched, options.windows, Path(folder))
    return 0


def _tell(story: Story, watched: Watching, windows: int, folder: Path) -> None:
    namespace = watched.namespace
    journey = Journey(namespace, bike_share())
    with story.step("Installing the chart: operator, monitor and embedded S3"):
        install([namespace])
        empty(namespace)
    with story.step("Uploading the raw file and applying the manifests"):
        journey.begin()
    with story.step("Ingesting by the Dataset's rules"):
        manifest = journey.ingested(seconds=300)
        story.say(f"{manifest.rows_in} rows in, {manifest.rows_kept} kept")
    with story.step("Training, exporting, evaluating, judging"):
        run, commit = journey.trained(seconds=1200, tell=story.say)
    with story.step("Serving, and watching"):
        journey.kubectl.wait(f"model/{NAME}", "Ready", 300)
        journey.kubectl.apply(_monitor())
    stream = bikes(folder / "stream", MONTHS, windows)
    with (
        story.step(f"Playing {windows} windows of 30 days in lock step"),
        journey.kubectl.forward(f"svc/{server(NAME)}", 8080) as address,
    ):
        player = Player(stream, NAME, address, label_delay_ns=HOUR_NS)
        model = journey.kubectl.get(f"model/{NAME}")
        latency = Latency(model["spec"]["capture"]["flushSeconds"])
        loop = Loop(journey.kubectl, NAME, stream, player, story.say, latency)
        loop.play()
        player.close()
    with story.step("Scoring a frozen model and one refitted every window beside it"):
        beside = Beside.of(journey, stream, commit, folder)
        found = {
            "loop": loop.quality(),
            "frozen": beside.frozen(),
            "refit every window": beside.every(),
        }
    retrained = [hop for hop in loop.hops if hop.outcome == "Retrain"]
    marks = [Mark(hop.window, f"{hop.run}: {hop.rollout or hop.gates}") for hop in retrained]
    PICTURE.write_text(draw("Bike share: balanced accuracy per 30 days", found, marks))
    story.fact("snapshot", manifest.digest[:23])
    story.fact("first run", f"{run}: gates {commit.outcome}")
    for hop in loop.hops:
        story.fact(f"window {hop.window + 1}", f"{hop.outcome}: {hop.message}")
    for name, series in found.items():
        story.fact(name, " ".join(f"{value:.3f}" for value in series))
    boosting = beside.boosting()
    story.fact("HistGradientBoosting, first window", f"{boosting:.3f}")
    story.fact("picture", PICTURE.name)
    story.bar(Bar("demo-accuracy-gap", boosting - found["frozen"][0], CLOSE_ENOUGH))
    for reach, goal in ((HALF, 0.5), (windows, 0.7)):
        measured = gap(found["refit every window"], found["frozen"], found["loop"], reach)
        story.fact(
            f"decay, {reach} windows", f"frozen {measured.frozen:.3f}, loop {measured.policy:.3f}"
        )
        story.bar(Bar(f"staleness-cut-{reach}", measured.cut, goal, at_least=True))
    story.bar(Bar("retrains", len(retrained), 3))
    story.bar(Bar("failed-requests", player.played.failed, 0))
    for bar in latency.bars():
        story.bar(bar)
    story.bar(Bar("demo-minutes", story.elapsed() / 60, LONGEST_MINUTES))
    tell_alerts(story, watched)
    story.close(_next_commands(namespace))


def _monitor() -> str:
    """Return the example's DriftMonitor without pauses of wall time: months take minutes here."""
    written = (EXAMPLES / "monitor.yaml").read_text()
    return written.replace("failureBackoffSeconds: 600", "failureBackoffSeconds: 0")


def _next_commands(namespace: str) -> list[str]:
    return [
        "export KUBECONFIG=/var/lib/trimtab/admin.kubeconfig PATH=~/.cache/trimtab/bin:$PATH",
        "kubectl get trimtab -A",
        f"kubectl -n {namespace} describe driftmonitor",
        f"kubectl -n {namespace} port-forward svc/bikes-server 8080 &",
        "curl localhost:8080/v2/models/bikes",
        ".venv/bin/trimtab diagram -f charts/trimtab/examples/bikes --live -o diagram.svg",
        "make down",
    ]


if __name__ == "__main__":
    sys.exit(main())
