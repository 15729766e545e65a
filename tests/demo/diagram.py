"""The live diagram of the finished demo, and whether it names what happened."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from typing import Any
from xml.etree import ElementTree as ET

from demo.installation import ROOT
from demo.loop import Hop
from demo.story import Story
from support.bars import Bar
from support.kubectl import Kubectl
from trimtab_operator.api.kinds import KINDS

DIAGRAM = ROOT / "diagram.svg"
TITLE = "{http://www.w3.org/2000/svg}title"

Body = dict[str, Any]
Words = tuple[str, ...]


def tell_diagram(story: Story, kubectl: Kubectl, hops: Sequence[Hop]) -> None:
    """Draw the loop; tell what the picture does not name."""
    objects = kubectl.run("get", ",".join(kind.plural for kind in KINDS), "-o", "json")
    picture = draw_live(objects)
    missing = unnamed(picture, [*stations(json.loads(objects)["items"]), *retrained(hops)])
    for words in missing:
        story.say(f"not in the diagram: {', '.join(words)}")
    story.fact("diagram", DIAGRAM.name)
    story.bar(Bar("unnamed-in-diagram", len(missing), 0))


def draw_live(objects: str) -> str:
    """Draw a namespace's objects, in kubectl's JSON, as `trimtab diagram` does."""
    command = [sys.executable, "-m", "trimtab_operator.cli", "diagram", "--objects", "-"]
    subprocess.run([*command, "-o", str(DIAGRAM)], input=objects, text=True, check=True)
    return DIAGRAM.read_text()


def stations(objects: Sequence[Body]) -> Iterator[Words]:
    """Yield what each station of the loop is: its box must name all of it.

    Data, training, gates, version, server, and what was decided last; and every retrain and every
    decision but to wait that the DriftMonitor keeps.
    """
    last = {body["kind"]: body for body in sorted(objects, key=_born)}
    dataset, model, monitor = (last[kind] for kind in ("Dataset", "Model", "DriftMonitor"))
    champion, decision = model["status"]["champion"], monitor["status"]["decision"]
    yield (f"Ingest {_name(dataset)}: ",)
    yield "Snapshot ", dataset["status"]["snapshot"]["digest"]
    yield (f"Run {_name(last['PipelineRun'])}: ",)
    yield "Gates ", " passed: "
    yield f"Model version {champion['run']}: ", champion["digest"]
    yield (f"Serving {_name(model)}: ",)
    yield f"Monitor {_name(monitor)}: ", decision["message"]
    for retrain in monitor["status"].get("retrains", []):
        yield (f"{retrain.get('run', 'no run')}.",)
    yield from decided(monitor["status"].get("decisions", []))


def decided(decisions: Sequence[Body]) -> Iterator[Words]:
    """Yield window, outcome, reason and cause of every decision but to wait.

    What became of a retrain stands where its outcome would, for it says more.
    """
    for one in (one for one in decisions if one["outcome"] != "Wait"):
        day = one["windowEnd"].partition("T")[0]
        why = () if one["outcome"] == "Retrain" else (one["outcome"], f"{one['reason']}.")
        yield day, *why, one["message"]


def retrained(hops: Sequence[Hop]) -> Iterator[Words]:
    """Yield run, gates and decision of every retrain, and the run that was promoted last."""
    retrains = [hop for hop in hops if hop.outcome == "Retrain"]
    for hop in retrains:
        yield hop.run, hop.gates, hop.message
    for hop in [hop for hop in retrains if hop.rollout == "Promoted"][-1:]:
        yield (f"Model version {hop.run}: ",)


def unnamed(picture: str, things: Sequence[Words]) -> list[Words]:
    """Return the things whose words do not stand together in any box or line of the picture."""
    root = ET.fromstring(picture)  # noqa: S314 - our own document
    told = [line for title in root.iter(TITLE) for line in (title.text or "").splitlines()]
    return [words for words in things if not any(all(w in line for w in words) for line in told)]


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])


def _born(body: Body) -> tuple[str, str]:
    return str(body["metadata"]["creationTimestamp"]), _name(body)
