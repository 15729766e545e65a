"""The closed loop in lock step: play a window, return its labels, wait for what is decided.

The rows of a window are asked for in order and scored with the version that answered. When a
challenger is in the shadow, days of the next window are played until the rollout has ended.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from demo.journey import causes_of, has_ended
from demo.latency import Latency
from demo.readings import readings_of
from replay.asker import asking
from replay.player import Player, decision_of
from replay.streams import Stream
from support.kubectl import Kubectl, KubectlError
from support.waiting import wait_until

API_SECONDS = 60
DECISION_SECONDS = 240
RUN_SECONDS = 900
ROLLOUT_SECONDS = 240


@dataclass
class Hop:
    """What followed from one window.

    Attributes:
        window: its number, from 0.
        outcome: Retrain, Wait, ...
        message: why.
        decision: as the DriftMonitor's status has it.
        run: PipelineRun that was started.
        gates: outcome of its gates.
        rollout: how its rollout ended.
        answers: how often each version answered a second client while that went on.
        seconds: from the answer to the window's last row to the decision.
        readings: what was measured of the window, by kind of signal.
    """

    window: int
    outcome: str
    message: str
    decision: dict[str, Any] = field(default_factory=dict)
    run: str = ""
    gates: str = ""
    rollout: str = ""
    answers: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    readings: Mapping[str, float] = field(default_factory=dict)


@dataclass
class Loop:
    """The loop of one Model, played to the end of a stream.

    Attributes:
        kubectl: in the Model's namespace.
        name: name of Dataset, Pipeline, Model and DriftMonitor.
        stream: the data.
        player: asks and labels.
        tell: shows a line to people.
        latency: how quickly it acts.
        day_rows: rows that are played at once while a challenger is in the shadow.
        hops: what followed from each window.
    """

    kubectl: Kubectl
    name: str
    stream: Stream
    player: Player
    tell: Callable[[str], None]
    latency: Latency
    day_rows: int
    hops: list[Hop] = field(default_factory=list)

    def play(self) -> None:
        """Play every window."""
        left = self.stream.window(0)
        for window in range(self.stream.windows):
            self.player.send(left)
            following = self._closed(window, self._next_rows(window))
            sent = datetime.now(UTC)
            hop = self._decided(window)
            hop.seconds = self.latency.decided(hop.decision, sent)
            if hop.outcome == "Retrain":
                following = self._retrained(hop, following)
            self.hops.append(hop)
            self.tell(self._line(hop))
            left = following

    def quality(self) -> NDArray[np.float64]:
        """Return the balanced accuracy of each window as it was answered."""
        found = []
        for window in range(self.stream.windows):
            rows = self.stream.window(window)
            rows = rows[self.player.played.decided[rows] >= 0]
            decided = self.player.played.decided[rows]
            found.append(float(balanced_accuracy_score(self.stream.truth[rows], decided)))
        return np.array(found)

    def _next_rows(self, window: int) -> NDArray[np.int64]:
        last = window + 1 == self.stream.windows
        rows: NDArray[np.int64] = np.array([], np.int64)
        return rows if last else self.stream.window(window + 1)

    def _closed(self, window: int, following: NDArray[np.int64]) -> NDArray[np.int64]:
        """Close a window that is over; return the rows that are left of the next one.

        Its newest label does so, or, after a gap in the data, the next window's first request.
        """
        newest = int(self.stream.time_ns[self.stream.window(window)[-1]])
        if newest + self.player.label_delay_ns >= self.stream.edges_ns[window + 1]:
            return following
        self.player.send(following[: self.player.batch])
        return following[self.player.batch :]

    def _decided(self, window: int) -> Hop:
        """Wait for the decision about a window that is over."""
        instant = datetime.fromtimestamp(int(self.stream.edges_ns[window + 1]) / 1e9, UTC)
        end = instant.strftime("%Y-%m-%dT%H:%M:%SZ")

        def decided() -> Hop | None:
            return hop_of(self._get("driftmonitor"), window, end)

        return wait_until(decided, DECISION_SECONDS, interval=0.5, what=f"decision on {end}")

    def _retrained(self, hop: Hop, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Wait for the run; play days until its challenger's rollout has ended; return the rest."""
        pending = self._get("driftmonitor")["status"]["retrains"][-1]["triggerId"]
        run = wait_until(
            lambda: self._ended_run(pending), RUN_SECONDS, interval=1, what=f"run of {pending}"
        )
        hop.run = run["metadata"]["name"]
        hop.gates = _reason(run, "GatesPassed")
        self.latency.trained(self._read("pods")["items"], hop.run, hop.decision)
        if hop.gates != "Passed":
            return rows
        with asking(self.player) as hop.answers:
            return self._shadowed(hop, run["status"]["modelDigest"], rows)

    def _shadowed(self, hop: Hop, digest: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Play days until a challenger's rollout has ended; return the rest."""
        wait_until(lambda: self._seen(digest), ROLLOUT_SECONDS, interval=0.5, what="the rollout")
        for day in self._days(rows):
            if self._rolled_out(digest, hop):
                left: NDArray[np.int64] = rows[rows >= day[0]]
                return left
            self.player.send(day)
            wait_until(
                lambda: self._has_looked(digest, hop),
                ROLLOUT_SECONDS,
                interval=0.5,
                what="evidence",
            )
        return rows[:0]

    def _days(self, rows: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
        for first in range(0, len(rows), self.day_rows):
            yield rows[first : first + self.day_rows]

    def _ended_run(self, trigger: str) -> dict[str, Any] | None:
        runs = self._read("pipelineruns")["items"]
        found = [run for run in runs if trigger in causes_of(run)]
        return found[0] if found and has_ended(found[0]) else None

    def _seen(self, digest: str) -> bool:
        status = self._get("model")["status"]
        ended = [status.get("champion"), *status.get("rejected", [])]
        if any(item and item["digest"] == digest for item in ended):
            return True
        # Rows that are asked for before every pod has loaded the challenger are no evidence.
        rollout = status.get("rollout", {})
        return rollout.get("digest") == digest and self._is_followed(status, rollout)

    def _is_followed(self, status: dict[str, Any], rollout: dict[str, Any]) -> bool:
        return bool(rollout.get("planRevision")) and rollout["planRevision"] == status.get(
            "planRevision"
        )

    def _rolled_out(self, digest: str, hop: Hop) -> bool:
        status = self._get("model")["status"]
        rollout = status.get("rollout", {})
        if rollout.get("digest") != digest or rollout.get("state") == "Progressing":
            return False
        # Rows that are asked for before every pod follows the plan are still the former's.
        if any(item["type"] == "Reconciling" for item in status["conditions"]):
            return False
        if not hop.rollout:
            self.latency.followed(rollout)
        hop.rollout = rollout["state"]
        return True

    def _has_looked(self, digest: str, hop: Hop) -> bool:
        """True when the evidence reaches the rows that were played, or the rollout has ended."""
        if self._rolled_out(digest, hop):
            return True
        evidence = self._get("model")["status"].get("rollout", {}).get("evidence", {})
        played = int((self.player.played.decided >= 0).sum())
        newest = self.stream.time_ns[np.flatnonzero(self.player.played.decided >= 0)[-1]]
        through = evidence.get("through")
        if not through or not played:
            return False
        return datetime.fromisoformat(through).timestamp() >= int(newest) / 1e9

    def _get(self, kind: str) -> dict[str, Any]:
        return self._read(f"{kind}/{self.name}")

    def _read(self, what: str) -> dict[str, Any]:
        """Read from the cluster, also one whose API server is away for a while."""

        def read() -> dict[str, Any]:
            try:
                return self.kubectl.get(what)
            except KubectlError as error:
                raise AssertionError(str(error)) from error

        return wait_until(read, API_SECONDS, interval=1, what=what)

    def _line(self, hop: Hop) -> str:
        rows = self.stream.window(hop.window)
        decided = self.player.played.decided[rows]
        quality = balanced_accuracy_score(self.stream.truth[rows], decided)
        parts = [hop.outcome, hop.run, hop.gates, hop.rollout]
        words = " -> ".join(part for part in parts if part)
        begin = f"window {hop.window + 1:2d}: {quality:.3f}  in {hop.seconds:.1f} s"
        return f"{begin} {words}: {hop.message}"


def hop_of(monitor: dict[str, Any], window: int, end: str) -> Hop | None:
    """Return what was decided about the window that ends then, and what it rests on.

    Both are read at once: the status keeps no more than the newest windows.
    """
    decision = decision_of(monitor.get("status", {}), end)
    if decision is None:
        return None
    outcome, message = decision["outcome"], decision["message"]
    return Hop(window, outcome, message, decision, readings=readings_of(monitor, end))


def _reason(body: dict[str, Any], kind: str) -> str:
    conditions = body.get("status", {}).get("conditions", [])
    return next((str(item["reason"]) for item in conditions if item["type"] == kind), "")
