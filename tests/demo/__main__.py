"""`make demo`: installs the chart, brings data and manifests, and compares the answers."""

import argparse
import sys

from demo.installation import install
from demo.journey import Journey
from demo.story import Story
from support.bars import Bar
from support.datasets import bike_share

CLOSE_ENOUGH = 0.02
LONGEST_MINUTES = 40


def main() -> int:
    """Run the demo; returns 0 when every step was reached."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--namespace", default="demo")
    namespace = parser.parse_args().namespace
    story = Story()
    journey = Journey(namespace, bike_share())
    with story.step("Installing the chart: operator and embedded S3"):
        install([namespace])
    with story.step("Uploading the raw file and applying Dataset, Pipeline and Model"):
        journey.begin()
    with story.step("Ingesting by the Dataset's rules"):
        manifest = journey.ingested(seconds=300)
        story.say(f"{manifest.rows_in} rows in, {manifest.rows_kept} kept")
    with story.step("Training, exporting, evaluating, judging"):
        run, commit = journey.trained(seconds=1200, tell=story.say)
    with story.step("Serving, and asking for the next month"):
        served = journey.served(manifest, commit, seconds=300)
    story.fact("snapshot", manifest.digest[:23])
    story.fact(
        "rows in / kept / quarantined",
        f"{manifest.rows_in} / {manifest.rows_kept} / {manifest.rows_quarantined}",
    )
    story.fact("run", f"{run}: gates {commit.outcome}")
    for gate in commit.gates:
        story.fact(f"gate {gate.name}", f"{gate.outcome}: {gate.message}")
    story.fact("model", served.digest[:23])
    story.fact(f"balanced accuracy, next month ({served.rows} h)", f"{served.accuracy:.3f}")
    story.fact("HistGradientBoosting, same rows", f"{served.boosting:.3f}")
    story.bar(Bar("demo-accuracy-gap", served.boosting - served.accuracy, CLOSE_ENOUGH))
    story.bar(Bar("demo-minutes", story.elapsed() / 60, LONGEST_MINUTES))
    story.close(_next_commands(namespace))
    return 0


def _next_commands(namespace: str) -> list[str]:
    return [
        "export KUBECONFIG=/var/lib/trimtab/admin.kubeconfig PATH=~/.cache/trimtab/bin:$PATH",
        "kubectl get trimtab -A",
        f"kubectl -n {namespace} describe pipelinerun",
        f"kubectl -n {namespace} port-forward svc/bikes-server 8080 &",
        "curl localhost:8080/v2/models/bikes",
        ".venv/bin/trimtab diagram -f charts/trimtab/examples/bikes --live -o loop.svg",
        "make down",
    ]


if __name__ == "__main__":
    sys.exit(main())
