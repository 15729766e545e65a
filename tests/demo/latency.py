"""How quickly the loop acts: from a row to its verdict, to a training pod, to every server pod."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from support.bars import Bar
from trimtab_operator.manifests import labels

FLUSHES, TRAINING_SECONDS, PLAN_SECONDS = 2, 15, 5


@dataclass
class Latency:
    """Times of one demo, seconds.

    Attributes:
        flush_seconds: the Model's flush interval.
        verdicts: from the answer to a window's last row until a client sees the decision.
        trainings: from a verdict to the start of its run's first container; NaN where none was
            seen.
        plans: from a promotion to the moment at which every pod was seen to follow it.
    """

    flush_seconds: int
    verdicts: list[float] = field(default_factory=list)
    trainings: list[float] = field(default_factory=list)
    plans: list[float] = field(default_factory=list)

    def decided(self, sent: datetime, seen: datetime) -> float:
        """Note when the decision about rows was seen, and when they were sent; return the seconds.

        A stamp of the decision's own is in whole seconds, and its clock is another's.
        """
        self.verdicts.append(_seconds(sent, seen))
        return self.verdicts[-1]

    def trained(self, pods: Sequence[dict[str, Any]], run: str, decision: dict[str, Any]) -> None:
        """Note when a run's container started, by the namespace's pods."""
        own = [pod for pod in pods if pod["metadata"].get("labels", {}).get(labels.RUN) == run]
        started = [item for pod in own for item in _starts(pod)]
        since = [_seconds(_time(decision["time"]), start) for start in started]
        # The kubelet tells whole seconds: a start in the second of the verdict is at once.
        self.trainings.append(max(min(since), 0.0) if since else math.nan)

    def followed(self, rollout: dict[str, Any]) -> None:
        """Note that every pod follows the end of a rollout now."""
        self.plans.append(_seconds(_time(rollout["since"]), datetime.now(UTC)))

    def verdict_bar(self) -> Bar:
        """Return the slowest verdict."""
        flushes = [seconds / self.flush_seconds for seconds in self.verdicts]
        return _slowest("row-to-verdict-flushes", flushes, FLUSHES, "no window was decided")

    def training_bar(self) -> Bar:
        """Return the slowest start of a training."""
        name, why = "verdict-to-training-seconds", "nothing was retrained"
        return _slowest(name, self.trainings, TRAINING_SECONDS, why)

    def plan_bar(self, ended: int) -> Bar:
        """Return the slowest change of the plan at the end of a rollout.

        Args:
            ended: rollouts that have ended, promoted or rolled back; each is such a change.
        """
        missed = [math.nan] * (ended - len(self.plans))
        found = [*self.plans, *missed]
        return _slowest("plan-change-seconds", found, PLAN_SECONDS, "no rollout has ended")


def _slowest(name: str, found: Sequence[float], goal: float, why: str) -> Bar:
    """Return the bar of the largest; one that was not seen leaves no figure."""
    if not found:
        return Bar.unmeasured(name, goal, why)
    slowest = float(np.max(found))
    return Bar(name, slowest, goal, why="one was not seen" if math.isnan(slowest) else "")


def _starts(pod: dict[str, Any]) -> Iterator[datetime]:
    for container in pod["status"].get("containerStatuses", []):
        for state in container["state"].values():
            if "startedAt" in state:
                yield _time(state["startedAt"])


def _time(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp)


def _seconds(begin: datetime, end: datetime) -> float:
    return (end - begin).total_seconds()
