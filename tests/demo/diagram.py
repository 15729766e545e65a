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
from trimtab_operator.cli.diagram.retrain_items import SHOWN_RETRAINS

DIAGRAM = ROOT / "diagram.svg"
TITLE, TEXT, GROUP = (f"{{http://www.w3.org/2000/svg}}{name}" for name in ("title", "text", "g"))

Body = dict[str, Any]
Words = tuple[str, ...]


def tell_diagram(story: Story, kubectl: Kubectl, hops: Sequence[Hop]) -> None:
    """Draw the loop; tell what the picture does not name.

    Every station, every retrain and every other decision of the play counts, also those that the
    status keeps no more. A window that only waited is not drawn, but for the last one: nothing
    followed from it; the closing table tells how many there were.
    """
    objects = kubectl.run("get", ",".join(kind.plural for kind in KINDS), "-o", "json")
    picture = draw_live(objects)
    named = [*stations(json.loads(objects)["items"]), *retrained(hops), *decided(hops)]
    missing = [*unnamed(picture, named), *unseen(picture, hops)]
    for words in missing:
        story.say(f"not in the diagram: {', '.join(words)}")
    waits = sum(hop.outcome == "Wait" for hop in hops)
    story.fact("diagram", f"{DIAGRAM.name}, without {waits} windows after which nothing was due")
    story.bar(Bar("unnamed-in-diagram", len(missing), 0))


def draw_live(objects: str) -> str:
    """Draw a namespace's objects, in kubectl's JSON, as `trimtab diagram` does."""
    command = [sys.executable, "-m", "trimtab_operator.cli", "diagram", "--objects", "-"]
    subprocess.run([*command, "-o", str(DIAGRAM)], input=objects, text=True, check=True)
    return DIAGRAM.read_text()


def stations(objects: Sequence[Body]) -> Iterator[Words]:
    """Yield what each station of the loop is: its box must name all of it.

    Data, training, gates, version, server, and what was decided last.
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


def decided(hops: Sequence[Hop]) -> Iterator[Words]:
    """Yield window, outcome, reason and cause of every decision but to wait and to retrain."""
    for hop in hops:
        if hop.outcome not in {"Wait", "Retrain"}:
            decision = hop.decision
            yield _day(hop), hop.outcome, f"{decision['reason']}.", decision["message"]


def retrained(hops: Sequence[Hop]) -> Iterator[Words]:
    """Yield window, run, gates, end of the rollout and decision of every retrain.

    And the run that was promoted last.
    """
    retrains = [hop for hop in hops if hop.outcome == "Retrain"]
    for hop in retrains:
        yield _day(hop), what_came_of(hop), hop.message
    for hop in [hop for hop in retrains if hop.rollout == "Promoted"][-1:]:
        yield (f"Model version {hop.run}: ",)


def what_came_of(hop: Hop) -> str:
    """Return run, gates and the end of its rollout as the diagram tells them of a retrain."""
    gates = f" Gates: {hop.gates}." if hop.gates else ""
    rollout = f" Rollout: {hop.rollout}." if hop.rollout else ""
    return f"{hop.run}.{gates}{rollout}"


def unseen(picture: str, hops: Sequence[Hop]) -> list[Words]:
    """Return the newest retrains of which run, gates and rollout do not stand in plain sight.

    Tooltips do not count here. Older retrains share a line, whose tooltip alone tells them.
    """
    root = ET.fromstring(picture)  # noqa: S314 - our own document
    groups = (group.iter(TEXT) for group in root.iter(GROUP))
    seen = [" ".join(line.text or "" for line in group) for group in groups]
    retrains = [hop for hop in hops if hop.outcome == "Retrain"]
    most = SHOWN_RETRAINS if len(retrains) <= SHOWN_RETRAINS else SHOWN_RETRAINS - 1
    words = [what_came_of(hop) for hop in retrains[-most:]]
    return [("in plain sight", one) for one in words if not any(one in text for text in seen)]


def unnamed(picture: str, things: Sequence[Words]) -> list[Words]:
    """Return the things whose words do not stand together in any box or line of the picture."""
    root = ET.fromstring(picture)  # noqa: S314 - our own document
    told = [line for title in root.iter(TITLE) for line in (title.text or "").splitlines()]
    return [words for words in things if not any(all(w in line for w in words) for line in told)]


def _name(body: Body) -> str:
    return str(body["metadata"]["name"])


def _day(hop: Hop) -> str:
    return str(hop.decision["windowEnd"]).partition("T")[0]


def _born(body: Body) -> tuple[str, str]:
    return str(body["metadata"]["creationTimestamp"]), _name(body)
