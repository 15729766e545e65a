"""Whether status, metrics and runs tell of the same decisions."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from demo.journey import causes_of
from demo.loop import Hop
from demo.prometheus import Watching
from demo.story import Story
from support.bars import Bar
from support.kubectl import Kubectl
from trimtab_operator.api.monitor_status import RetrainState
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
    story: Story, kubectl: Kubectl, name: str, watched: Watching, hops: Sequence[Hop]
) -> None:
    """Tell which suppressed retrains are not counted alike, and which runs no verdict started."""
    status = kubectl.get(f"driftmonitor/{name}").get("status", {})
    runs = kubectl.get("pipelineruns")["items"]
    retrains = status.get("retrains", [])
    found = Suppressions(suppressed(status), suppressed_after(hops), watched.suppressed(name))
    story.bar(found.bar())
    for one in (*found.lines(), *unmatched(retrains, runs), *by_hand(runs)):
        story.say(one)
    for run, cause in other_causes(runs):
        story.fact(f"run {run}", cause)
    story.bar_of_retraining(unmatched_bar(retrains, runs), happened=bool(retrains))
    story.bar(by_hand_bar(runs))


def suppressed(status: Body) -> dict[str, float]:
    """Return how many retrains a DriftMonitor's status says were suppressed, by reason."""
    return {item["reason"]: item["count"] for item in status.get("suppressed", [])}


def suppressed_after(hops: Sequence[Hop]) -> Counter[str]:
    """Return how many windows suppressed a retrain, by reason, as their decisions say."""
    return Counter(hop.decision["reason"] for hop in hops if hop.outcome == "Suppress")


def unmatched(retrains: Sequence[Body], runs: Sequence[Body]) -> list[str]:
    """Return the retrains that not exactly one run serves, and runs of verdicts that are no
    retrain's; a withdrawn retrain has no run.
    """
    expected = {
        item["triggerId"]: int(item["state"] != RetrainState.WITHDRAWN) for item in retrains
    }
    started = [run for run in runs if run["spec"]["trigger"] == TriggerType.VERDICT]
    served = {trigger: sum(trigger in causes_of(run) for run in runs) for trigger in expected}
    return [
        *(
            f"retrain {trigger} has {served[trigger]} runs, not {count}"
            for trigger, count in expected.items()
            if served[trigger] != count
        ),
        *(
            f"run {run['metadata']['name']} is no retrain's"
            for run in started
            if not expected.keys() & set(causes_of(run))
        ),
    ]


def unmatched_bar(retrains: Sequence[Body], runs: Sequence[Body]) -> Bar:
    """Return how many retrains and runs of verdicts do not belong together one to one."""
    if not retrains:
        return Bar.unmeasured("unmatched-retrains", 0, "nothing was retrained")
    return Bar("unmatched-retrains", len(unmatched(retrains, runs)), 0)


def other_causes(runs: Sequence[Body]) -> list[tuple[str, str]]:
    """Return name and cause of the runs that no verdict has started, oldest first."""
    return [
        (run["metadata"]["name"], f"{run['spec']['trigger']}: {run['spec']['triggerMessage']}")
        for run in _in_order(runs)
        if run["spec"]["trigger"] != TriggerType.VERDICT
    ]


def by_hand(runs: Sequence[Body]) -> list[str]:
    """Return the runs that a person asked for, but for the first run."""
    return [
        f"run {run['metadata']['name']} was asked for by a person"
        for run in _in_order(runs)[1:]
        if run["spec"]["trigger"] == TriggerType.REQUEST
    ]


def by_hand_bar(runs: Sequence[Body]) -> Bar:
    """Return how many runs after the first were started by hand."""
    if not runs:
        return Bar.unmeasured("runs-by-hand", 0, "there is no run")
    return Bar("runs-by-hand", len(by_hand(runs)), 0)


def _in_order(runs: Sequence[Body]) -> list[Body]:
    return sorted(runs, key=lambda run: str(run["metadata"]["creationTimestamp"]))
