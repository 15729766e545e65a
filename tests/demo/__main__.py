"""`make demo`: the whole loop on real data in a cluster, and what it was worth."""

import argparse
import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from demo.beside import Beside
from demo.diagram import tell_diagram
from demo.installation import empty, install, upload
from demo.journey import Journey, NotReadyError
from demo.latency import Latency
from demo.loop import Loop
from demo.minutes import began, minutes_bar
from demo.next_commands import CONTEXT, next_commands
from demo.prometheus import Watching, tell_alerts, watching
from demo.promotions import tell_promotions
from demo.replays import tell_replays
from demo.report import tell_quality, tell_service
from demo.scenario import SCENARIOS, Scenario
from demo.story import Story
from demo.tallies import tell_tallies
from replay.player import Player
from replay.streams import Stream
from support.kubectl import Kubectl
from trimtab_operator.manifests.names import server
from trimtab_stages.contract.run import Commit


def main() -> int:
    """Run the demo; returns 1 when a figure is short of its goal, or the loop cannot begin."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--namespace", default="demo")
    parser.add_argument("--data", choices=SCENARIOS, default=os.environ.get("DEMO", "bikes"))
    parser.add_argument("--windows", type=int, default=int(os.environ.get("WINDOWS", "0")))
    options = parser.parse_args()
    scenario = SCENARIOS[options.data]()
    windows = options.windows or scenario.windows
    story = Story(began=began(os.environ), must_retrain=scenario.must_retrain)
    _install(story, options.namespace)
    # Only now: what an earlier demo has left would count as seen in this one.
    with TemporaryDirectory() as folder, watching(Kubectl(options.namespace)) as watched:
        try:
            return int(not _tell(story, scenario, windows, watched, Path(folder)))
        except NotReadyError as error:
            story.console.print(str(error), style="red", markup=False)
            return 1


def _install(story: Story, namespace: str) -> None:
    """Install the chart, and remove what an earlier demo has left in the namespace."""
    with story.step("Installing the chart: operator, monitor and embedded S3"):
        install([namespace])
        empty(namespace)


def _tell(story: Story, scenario: Scenario, windows: int, watched: Watching, folder: Path) -> bool:
    """Play the whole story; return whether every figure reaches its goal."""
    journey = Journey(watched.namespace, scenario.raw(), scenario.name)
    commit = _first_model(story, scenario, journey)
    stream = scenario.stream(folder / "stream", windows)
    loop = _played(story, scenario, journey, stream)
    with story.step("Scoring a frozen model and one refitted every window beside it"):
        tell_quality(story, scenario, loop, Beside.of(journey, stream, commit, folder))
    tell_service(story, loop, watched.rollouts())
    tell_alerts(story, watched, scenario.name)
    tell_promotions(story, journey.kubectl, scenario.name, watched, loop.hops)
    tell_tallies(story, journey.kubectl, scenario, watched, loop.hops)
    tell_replays(story, journey.kubectl, scenario.name, loop.hops)
    tell_diagram(story, journey.kubectl, loop.hops)
    story.bar(minutes_bar(story.began, os.environ, scenario.warm_minutes))
    return story.close(next_commands(watched.namespace, scenario.name, os.environ.get(CONTEXT, "")))


def _first_model(story: Story, scenario: Scenario, journey: Journey) -> Commit:
    """Go from the raw file to a Model that serves and is watched."""
    *before, monitor = scenario.manifests
    with story.step("Uploading the raw file and applying the manifests"):
        upload(journey.namespace, scenario.key, journey.raw)
        for each in before:
            journey.kubectl.apply(each)
    with story.step("Ingesting by the Dataset's rules"):
        manifest = journey.ingested(seconds=300)
        story.say(f"{manifest.rows_in} rows in, {manifest.rows_kept} kept")
        story.fact("snapshot", manifest.digest[:23])
    with story.step("Training, exporting, evaluating, judging"):
        run, commit = journey.trained(seconds=1200, tell=story.say)
        story.fact("first run", f"{run}: gates {commit.outcome}")
    with story.step("Serving, and watching"):
        journey.until_ready("model", seconds=300)
        journey.kubectl.apply(monitor)
    return commit


def _played(story: Story, scenario: Scenario, journey: Journey, stream: Stream) -> Loop:
    name, kubectl = scenario.name, journey.kubectl
    with (
        story.step(f"Playing {stream.windows} windows in lock step"),
        kubectl.forward(f"svc/{server(name)}", 8080) as address,
    ):
        player = Player(
            stream, name, address, scenario.label_delay_ns, scenario.batch, tell=story.say
        )
        model = kubectl.get(f"model/{name}")
        latency = Latency(model["spec"]["capture"]["flushSeconds"])
        loop = Loop(kubectl, name, stream, player, story.say, latency, scenario.day_rows)
        loop.play()
        player.close()
    return loop


if __name__ == "__main__":
    sys.exit(main())
