"""Whether status, metrics and runs tell of the same decisions."""

import math
from collections.abc import Sequence
from typing import Any

from demo.journey import causes_of
from demo.prometheus import Watching
from demo.story import Story
from support.bars import Bar
from support.kubectl import Kubectl
from trimtab_operator.api.monitor_status import RetrainState
from trimtab_stages.contract.run import TriggerType

Body = dict[str, Any]


def tell_tallies(story: Story, kubectl: Kubectl, name: str, watched: Watching) -> None:
    """Tell which suppressed retrains no metric counts, and which runs no verdict has started."""
    status = kubectl.get(f"driftmonitor/{name}").get("status", {})
    runs = kubectl.get("pipelineruns")["items"]
    retrains = status.get("retrains", [])
    story.bar(uncounted_bar(suppressed(status), watched.suppressed(name)))
    for one in (*unmatched(retrains, runs), *by_hand(runs)):
        story.say(one)
    for run, cause in other_causes(runs):
        story.fact(f"run {run}", cause)
    story.bar_of_retraining(unmatched_bar(retrains, runs), happened=bool(retrains))
    story.bar(by_hand_bar(runs))


def suppressed(status: Body) -> int:
    """Return how many retrains a DriftMonitor's status says were suppressed."""
    return sum(item["count"] for item in status.get("suppressed", []))


def uncounted_bar(told: int, counted: float) -> Bar:
    """Return by how much status and metrics differ.

    Args:
        told: suppressed retrains by the status.
        counted: the same by Prometheus; NaN where it has no series.
    """
    why = "Prometheus has no series of it" if math.isnan(counted) else ""
    return Bar("uncounted-suppressions", abs(told - counted), 0, why=why)


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
