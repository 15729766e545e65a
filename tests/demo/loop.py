"""The closed loop in lock step: play a window, return its labels, wait for what is decided.

The rows of a window are asked for in order and scored with the version that answered. When a
challenger is in the shadow, days of the next window are played until the rollout has ended, and of
those behind it where that has too few rows to end it.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import balanced_accuracy_score

from demo.journey import causes_of, has_ended
from demo.latency import Latency
from demo.readings import readings_of
from demo.rollout_view import end_of, goes_on, is_shadowing
from replay.asker import asking
from replay.player import Player, Rows, decision_of
from replay.streams import Stream
from support.kubectl import Kubectl
from support.waiting import wait_until

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


@dataclass(frozen=True)
class Trial:
    """A challenger whose rollout has not ended.

    Attributes:
        hop: what followed from the window that it was trained for.
        digest: its own.
    """

    hop: Hop
    digest: str


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
        run_seconds: how long a retraining may take, its data included.
        hops: what followed from each window.
        trial: the challenger in the shadow.
        sent: when the last row was answered.
    """

    kubectl: Kubectl
    name: str
    stream: Stream
    player: Player
    tell: Callable[[str], None]
    latency: Latency
    day_rows: int
    run_seconds: float = RUN_SECONDS
    hops: list[Hop] = field(default_factory=list)
    trial: Trial | None = None
    sent: datetime = field(init=False)

    def play(self) -> None:
        """Play every window."""
        left = self.stream.window(0)
        for window in range(self.stream.windows):
            self._send(left)
            following = self._closed(window, self._next_rows(window))
            hop = self._decided(window)
            hop.seconds = self.latency.decided(self.sent, datetime.now(UTC))
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

    def _send(self, rows: Rows) -> None:
        """Ask for rows; while a challenger is in the shadow by days, then for the rest at once."""
        if self.trial is not None and len(rows):
            rows = self._shadowed(self.trial, rows)
        self._ask(rows)

    def _ask(self, rows: Rows) -> None:
        self.player.send(rows)
        if len(rows):
            self.sent = datetime.now(UTC)

    def _next_rows(self, window: int) -> Rows:
        last = window + 1 == self.stream.windows
        return np.array([], np.int64) if last else self.stream.window(window + 1)

    def _closed(self, window: int, following: Rows) -> Rows:
        """Close a window that is over; return the rows that are left of the next one.

        Its newest label does so, or, after a gap in the data, the next window's first request.
        """
        newest = int(self.stream.time_ns[self.stream.window(window)[-1]])
        if newest + self.player.label_delay_ns >= self.stream.edges_ns[window + 1]:
            return following
        self._send(following[: self.player.batch])
        return following[self.player.batch :]

    def _decided(self, window: int) -> Hop:
        """Wait for the decision about a window that is over."""
        instant = datetime.fromtimestamp(int(self.stream.edges_ns[window + 1]) / 1e9, UTC)
        end = instant.strftime("%Y-%m-%dT%H:%M:%SZ")

        def decided() -> Hop | None:
            return hop_of(self._get("driftmonitor"), window, end)

        return wait_until(decided, DECISION_SECONDS, interval=0.2, what=f"decision on {end}")

    def _retrained(self, hop: Hop, rows: Rows) -> Rows:
        """Wait for the run; play days until its challenger's rollout has ended; return the rest."""
        pending = self._get("driftmonitor")["status"]["retrains"][-1]["triggerId"]
        run = wait_until(
            lambda: self._ended_run(pending), self.run_seconds, interval=1, what=f"run of {pending}"
        )
        hop.run = run["metadata"]["name"]
        hop.gates = _reason(run, "GatesPassed")
        self.latency.trained(self._read("pods")["items"], hop.run, hop.decision)
        if hop.gates != "Passed":
            return rows
        self.trial = Trial(hop, run["status"]["modelDigest"])
        return self._shadowed(self.trial, rows)

    def _shadowed(self, trial: Trial, rows: Rows) -> Rows:
        """Play days until a challenger's rollout has ended; return the rest."""
        with asking(self.player, trial.hop.window, trial.hop.answers):
            self._wait(lambda: self._has_begun(trial), what="the rollout")
            for first in range(0, len(rows), self.day_rows):
                if self.trial is None:
                    return rows[first:]
                self._ask(rows[first : first + self.day_rows])
                self._wait(lambda: self._is_judged(trial), what="a judgement")
        return rows[:0]

    def _wait(self, probe: Callable[[], bool], what: str) -> None:
        wait_until(probe, ROLLOUT_SECONDS, interval=0.5, what=what)

    def _ended_run(self, trigger: str) -> dict[str, Any] | None:
        runs = self._read("pipelineruns")["items"]
        found = [run for run in runs if trigger in causes_of(run)]
        return found[0] if found and has_ended(found[0]) else None

    def _has_begun(self, trial: Trial) -> bool:
        """Return whether a challenger is in the shadow of every pod, or its rollout has ended."""
        status = self._get("model")["status"]
        return self._has_ended(trial, status) or is_shadowing(status, trial.digest)

    def _is_judged(self, trial: Trial) -> bool:
        """Return whether a rollout has ended, or goes on after all rows that were played."""
        status = self._get("model")["status"]
        answered = self.stream.time_ns[self.player.played.decided >= 0]
        newest_ns = int(answered.max(initial=0))
        return self._has_ended(trial, status) or goes_on(status, trial.digest, newest_ns)

    def _has_ended(self, trial: Trial, status: dict[str, Any]) -> bool:
        """Return whether a rollout has ended; what became of it is noted."""
        rollout = end_of(status, trial.digest)
        if rollout is None:
            return False
        self.latency.followed(rollout)
        trial.hop.rollout = rollout["state"]
        self.trial = None
        return True

    def _get(self, kind: str) -> dict[str, Any]:
        return self._read(f"{kind}/{self.name}")

    def _read(self, what: str) -> dict[str, Any]:
        return self.kubectl.get_patiently(what)

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
