"""How quickly the loop acts: from a row to its verdict, to a training pod, to every server pod."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from support.bars import Bar
from support.kubectl import Kubectl
from trimtab_operator.manifests import labels

FLUSHES, TRAINING_SECONDS, PLAN_SECONDS = 2, 15, 5


@dataclass
class Latency:
    """Times of one demo, seconds.

    Attributes:
        flush_seconds: the Model's flush interval.
        verdicts: from the answer to a window's last row to its decision.
        trainings: from a verdict to the start of its run's first container.
        plans: from a promotion to the moment at which every pod was seen to follow it.
    """

    flush_seconds: int
    verdicts: list[float] = field(default_factory=list)
    trainings: list[float] = field(default_factory=list)
    plans: list[float] = field(default_factory=list)

    def decided(self, decision: dict[str, Any], sent: datetime) -> float:
        """Note a decision about rows that were sent by then; return the seconds in between."""
        self.verdicts.append(_seconds(sent, _time(decision["time"])))
        return self.verdicts[-1]

    def trained(self, kubectl: Kubectl, run: str, decision: dict[str, Any]) -> None:
        """Note when a run's container started."""
        pods = kubectl.run("get", "pods", "-l", f"{labels.RUN}={run}", "-o", "name").split()
        started = [item for pod in pods for item in _starts(kubectl.get(pod))]
        if started:
            # The kubelet tells whole seconds: a start in the second of the verdict is at once.
            since = _seconds(_time(decision["time"]), min(started))
            self.trainings.append(max(since, 0.0))

    def followed(self, rollout: dict[str, Any]) -> None:
        """Note that every pod follows the end of a rollout now."""
        self.plans.append(_seconds(_time(rollout["since"]), datetime.now(UTC)))

    def bars(self) -> Iterator[Bar]:
        """Yield the slowest of each kind."""
        flushes = [seconds / self.flush_seconds for seconds in self.verdicts]
        for name, found, goal in (
            ("row-to-verdict-flushes", flushes, FLUSHES),
            ("verdict-to-training-seconds", self.trainings, TRAINING_SECONDS),
            ("plan-change-seconds", self.plans, PLAN_SECONDS),
        ):
            if found:
                yield Bar(name, max(found), goal)


def _starts(pod: dict[str, Any]) -> Iterator[datetime]:
    for container in pod["status"].get("containerStatuses", []):
        for state in container["state"].values():
            if "startedAt" in state:
                yield _time(state["startedAt"])


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()
