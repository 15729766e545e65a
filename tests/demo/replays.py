"""Whether each window of the demo, replayed from what is stored, is judged and decided the same."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from demo.loop import Hop
from demo.story import Story
from demo.tenant import tenant_directory
from support.audit_log import audit_directory
from support.bars import Bar
from support.kubectl import Kubectl
from trimtab_operator.api.kinds import KINDS
from trimtab_operator.cli.replay import Outcome
from trimtab_operator.cli.verdicts.compare import UNASKED, Comparison

EVERY = 10_000
"""More reports than any demo leaves."""

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Replays:
    """Windows that were decided, and what `trimtab drift replay` tells.

    Attributes:
        decided: reason of each decision by the end of its window.
        told: an entry for each stored report, oldest first; none where it has not run.
        fault: why it has not run.
    """

    decided: dict[str, str]
    told: Sequence[Body]
    fault: str = ""

    def differing(self) -> list[str]:
        """Return in words which windows were not shown to be judged and decided the same."""
        replayed = {entry["end"] for entry in self.told}
        lost = [f"window until {end}: no report" for end in self.decided if end not in replayed]
        return [*lost, *self._differing()]

    def _differing(self) -> Iterator[str]:
        for entry in self.told:
            words = f"window until {entry['end']}"
            if entry["outcome"] != Outcome.SAME:
                yield f"{words}: report {entry['outcome']}: {entry['message']}"
            elif entry["verdict"]["outcome"] not in self._good(entry["end"]):
                verdict = entry["verdict"]
                yield f"{words}: verdict {verdict['outcome']}: {verdict['message']}"

    def _good(self, end: str) -> set[Comparison]:
        """Return what a verdict's replay may show: only of some windows that there is nothing."""
        asked = end in self.decided and self.decided[end] not in UNASKED
        return {Comparison.SAME} if asked else {Comparison.SAME, Comparison.NOT_COMPARED}

    def bar(self) -> Bar:
        """Return how many windows differ."""
        name = "replays-differing"
        if self.fault:
            return Bar.unmeasured(name, 0, self.fault)
        if not self.told:
            return Bar.unmeasured(name, 0, "no window was replayed")
        return Bar(name, len(self.differing()), 0)


def tell_replays(story: Story, kubectl: Kubectl, name: str, hops: Sequence[Hop]) -> None:
    """Replay every window that was evaluated; tell those that differ."""
    decided = {hop.decision["windowEnd"]: hop.decision["reason"] for hop in hops}
    found = Replays(decided, *replayed(kubectl, name))
    for line in found.differing():
        story.say(line)
    story.fact("replayed windows", len(found.told))
    story.bar(found.bar())


def replayed(kubectl: Kubectl, name: str) -> tuple[Sequence[Body], str]:
    """Run `trimtab drift replay` as a person would; return its entries, else why there are none."""
    objects = kubectl.run("get", ",".join(kind.plural for kind in KINDS), "-o", "json")
    command = [sys.executable, "-m", "trimtab_operator.cli", "drift", "replay", name]
    command += ["--last", str(EVERY), "--objects", "-", "-n", kubectl.namespace, "-o", "json"]
    with tenant_directory(kubectl.namespace) as bucket, audit_directory() as audit:
        places = ["--bucket", str(bucket), "--audit", str(audit)]
        done = subprocess.run(
            [*command, *places], input=objects, capture_output=True, text=True, check=False
        )
    return entries_of(done.stdout), "" if done.stdout else f"no replay: {done.stderr.strip()}"


def entries_of(shown: str) -> Sequence[Body]:
    """Return the entries of what the command shows; none where it has ended before."""
    found: list[Body] = json.loads(shown) if shown else []
    return found
