"""Whether status, metrics and runs tell of the same decisions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from demo.journey import causes_of
from demo.loop import Hop
from demo.prometheus import Watching
from demo.scenario import Scenario
from demo.story import Story
from support.bars import Bar, bar_of_retrains
from support.kubectl import Kubectl
from trimtab_stages.contract.run import TriggerType

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Suppressions:
    """Suppressed retrains by reason, as three places have them.

    Attributes:
        status: the counts of the DriftMonitor's status.
        decisions: decisions that were read when each window was over.
        metrics: the counter in Prometheus; empty where it has no series.
    """

    status: Mapping[str, float]
    decisions: Mapping[str, float]
    metrics: Mapping[str, float]

    def differing(self) -> dict[str, tuple[float, ...]]:
        """Return the three counts of each reason of which they are not the same."""
        places = (self.status, self.decisions, self.metrics)
        reasons = sorted({reason for place in places for reason in place})
        found = {reason: tuple(place.get(reason, 0) for place in places) for reason in reasons}
        return {reason: counts for reason, counts in found.items() if len(set(counts)) > 1}

    def lines(self) -> list[str]:
        """Return in words what differs."""
        return [
            f"suppressed for {reason}: {status:g} by the status, {decisions:g} by "
            f"decisions, {metrics:g} by Prometheus"
            for reason, (status, decisions, metrics) in self.differing().items()
        ]

    def bar(self) -> Bar:
        """Return by how much the places differ, summed over the reasons."""
        if not self.metrics:
            return Bar.unmeasured("uncounted-suppressions", 0, "Prometheus has no series of it")
        apart = sum(max(counts) - min(counts) for counts in self.differing().values())
        return Bar("uncounted-suppressions", apart, 0)


def tell_tallies(
    story: Story, kubectl: Kubectl, scenario: Scenario, watched: Watching, hops: Sequence[Hop]
) -> None:
    """Tell which runs were started, by what, and what is not counted alike."""
    name = scenario.name
    status = kubectl.get(f"driftmonitor/{name}").get("status", {})
    runs = own_runs(kubectl.get("pipelineruns")["items"], name)
    retrains = Retrains.of(hops, status, runs)
    found = Suppressions(suppressed(status), suppressed_after(hops), watched.suppressed(name))
    for one in (*found.lines(), *retrains.unmatched(), *retrains.not_by_verdict()):
        story.say(one)
    for run, cause in other_causes(runs):
        story.fact(f"run {run}", cause)
    story.bar(retrains_bar(len(retrains.started), scenario))
    story.bar(retrains.not_by_verdict_bar())
    story.bar_of_retraining(retrains.unmatched_bar(), happened=retrains.happened)
    story.bar(found.bar())


def retrains_bar(started: int, scenario: Scenario) -> Bar:
    """Return how many runs were started after the first; where some must be, none is short."""
    if scenario.must_retrain:
        return bar_of_retrains("retrains", started, scenario.most_retrains)
    return Bar("retrains", started, scenario.most_retrains)


def suppressed(status: Body) -> dict[str, float]:
    """Return how many retrains a DriftMonitor's status says were suppressed, by reason."""
    return {item["reason"]: item["count"] for item in status.get("suppressed", [])}


def suppressed_after(hops: Sequence[Hop]) -> Counter[str]:
    """Return how many windows suppressed a retrain, by reason, as their decisions say."""
    return Counter(hop.decision["reason"] for hop in hops if hop.outcome == "Suppress")


def own_runs(runs: Sequence[Body], pipeline: str) -> list[Body]:
    """Return the runs of a Pipeline, oldest first."""
    own = (run for run in runs if run["spec"]["pipeline"] == pipeline)
    return sorted(own, key=lambda run: str(run["metadata"]["creationTimestamp"]))


def other_causes(runs: Sequence[Body]) -> list[tuple[str, str]]:
    """Return name and cause of the runs that no verdict has started."""
    return [
        (_name(run), f"{run['spec']['trigger']}: {run['spec']['triggerMessage']}")
        for run in runs
        if run["spec"]["trigger"] != TriggerType.VERDICT
    ]


@dataclass(frozen=True, slots=True)
class Retrains:
    """Decisions to retrain, and the runs that were started.

    Attributes:
        decided: identities of the decisions that were read when their windows were over.
        kept: identities of the retrains of the DriftMonitor's status; also those that a person
            has accepted.
        runs: of the Pipeline, oldest first, whatever has started them.
    """

    decided: tuple[str, ...]
    kept: tuple[str, ...]
    runs: tuple[Body, ...]

    @classmethod
    def of(cls, hops: Sequence[Hop], status: Body, runs: Sequence[Body]) -> Self:
        """Return them by the decision of each window, the DriftMonitor's status and its runs."""
        decided = (hop.decision["triggerId"] for hop in hops if hop.outcome == "Retrain")
        kept = (item["triggerId"] for item in status.get("retrains", []))
        return cls(tuple(decided), tuple(kept), tuple(runs))

    @property
    def started(self) -> tuple[Body, ...]:
        """The runs after the first."""
        return self.runs[1:]

    @property
    def happened(self) -> bool:
        """Whether anything was retrained, or should have been."""
        return bool(self.decided or self.kept or self.started)

    def not_by_verdict(self) -> list[str]:
        """Return the runs that no decision about a window has started, by hand or otherwise.

        A run that a verdict started names it as its trigger; what came with it does not count.
        """
        return [
            f"run {_name(run)} was started by {run['spec']['trigger']}, no window's verdict"
            for run in self.started
            if run["spec"]["trigger"] != TriggerType.VERDICT
            or run["spec"]["triggerId"] not in self.decided
        ]

    def not_by_verdict_bar(self) -> Bar:
        """Return how many runs after the first no verdict has started."""
        if not self.runs:
            return Bar.unmeasured("retrains-not-by-verdict", 0, "there is no run")
        return Bar("retrains-not-by-verdict", len(self.not_by_verdict()), 0)

    def unmatched(self) -> list[str]:
        """Return where decisions, retrains of the status and runs do not belong together 1:1:1."""
        served = {one: sum(one in causes_of(run) for run in self.started) for one in self.decided}
        serving = {_name(run): len({*self.decided} & {*causes_of(run)}) for run in self.started}
        counted = ((f"retrain {one} has {count} runs", count) for one, count in served.items())
        shared = ((f"run {run} serves {count} retrains", count) for run, count in serving.items())
        return [
            *(f"{words}, not 1" for words, count in (*counted, *shared) if count != 1),
            *(
                f"retrain {one} is not in the status"
                for one in sorted({*self.decided} - {*self.kept})
            ),
            *(f"no window's retrain is {one}" for one in sorted({*self.kept} - {*self.decided})),
        ]

    def unmatched_bar(self) -> Bar:
        """Return in how many places decisions and runs do not agree."""
        if not self.happened:
            return Bar.unmeasured("unmatched-retrains", 0, "nothing was retrained")
        return Bar("unmatched-retrains", len(self.unmatched()), 0)


def _name(run: Body) -> str:
    return str(run["metadata"]["name"])
