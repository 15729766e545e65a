"""Two rollbacks in the cluster: one that the evidence asks for, and one that a person does.

A version that is worse in production is taken back in the shadow. Another one is promoted, then a
person calls the champion before it back. What must be there before the operator acts is there while
it stands still.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from demo.rollout_view import is_shadowing
from replay.player import Rows
from support.audit_log import newest_records
from support.graphs import brittle_scores, linear_scores
from support.kubectl import Kubectl
from support.plan_followers import plan_of
from support.planted_runs import request_planted_run
from support.rolling_back import roll_back
from support.settling import settle
from support.stage import Stage, staged
from support.strikes import component_standing_still
from support.trial_pipeline import DAY_ROWS, HOUR_NS, MARGIN, NAME, begin, live_rows
from support.waiting import wait_until
from trimtab_operator.api.rollout import RolloutStage, RolloutState
from trimtab_stages.contract.audit import AuditAction
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.serve.plan.version import short_name

SECONDS = 300
WORSE, BETTER = linear_scores(np.array([[-20.0], [0.0]], np.float32)), brittle_scores(20)
"""One tells the opposite of what is so; the other is right."""
GOLDEN = GoldenRequest(numeric=[[0.0, -1.0]], scores=[[0.5]])
"""Of both."""
JUDGED_DAYS = 10
"""Enough for a judgement on a version that is wrong in almost every row."""
HOPS = ("judging", "taking-back", "asking", "calling-back")
"""In the order of the play: before and after the operator acts, for either rollback."""

Strike = Callable[[str], AbstractContextManager[None]]
"""Takes something away at a hop, before the block, and brings it back after it."""


@dataclass(frozen=True)
class Outcome:
    """What must not depend on what was taken away. Names of runs hold uids, so they are not of it.

    Attributes:
        judged: why the first challenger was taken back, with its numbers.
        champion: digest of the version that answers in the end.
        rejected: digests of what was taken back, newest first.
        former: digests of the former champions, newest first.
        triggers: what each run was started for, oldest first.
        records: what the audit log says of either version.
    """

    judged: str
    champion: str
    rejected: tuple[str, ...]
    former: tuple[str, ...]
    triggers: tuple[str, ...]
    records: tuple[tuple[AuditAction, ...], ...]


@dataclass(frozen=True)
class Play:
    """The two rollbacks of one Model.

    Attributes:
        stage: the Model, and who asks it.
        champion: digest of its first version.
        days: rows that come next, a day at a time.
        strike: takes something away at a hop.
    """

    stage: Stage
    champion: str
    days: Iterator[Rows]
    strike: Strike

    @property
    def kubectl(self) -> Kubectl:
        return self.stage.kubectl

    def status(self) -> dict[str, Any]:
        """Return the status of the Model."""
        found: dict[str, Any] = self.kubectl.get_patiently(f"model/{NAME}")["status"]
        return found

    def until(self, holds: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Wait until something holds of the Model's status."""
        wait_until(lambda: holds(self.status()), SECONDS, interval=0.2, what=what)

    def send(self, count: int = 1) -> Rows:
        """Ask for the rows of the next days, and return the labels."""
        rows = np.concatenate([next(self.days) for _ in range(count)])
        self.stage.player.send(rows)
        return rows

    def shadowed(self, graph: bytes) -> str:
        """Let a run end with a graph, and every pod have it in the shadow; returns its digest."""
        digest = request_planted_run(self.kubectl, NAME, graph, GOLDEN)
        self.until(lambda status: is_in_every_shadow(status, digest), "the challenger scores")
        return digest

    def take_back_by_evidence(self, digest: str) -> str:
        """Send rows that tell that a challenger is worse; returns why it was taken back."""
        with component_standing_still("operator") as go_on:
            rows = len(self.send(JUDGED_DAYS))
            self.until(lambda status: is_worse(status, rows), "evidence of all rows")
            with self.strike("judging"):
                go_on()
        self.until(lambda status: is_taken_back(status, digest), "the end of the shadow")
        message = str(self.status()["rollout"]["message"])
        with self.strike("taking-back"):
            pass
        self.until(lambda status: self.is_over(status, digest), "all pods follow")
        return message

    def promote(self, digest: str) -> None:
        """Send rows until a challenger answers."""

        def promoted() -> bool:
            self.send()
            return bool(self.status()["champion"]["digest"] == digest)

        wait_until(promoted, SECONDS, interval=0.2, what="the challenger answers")

    def call_back(self, digest: str, folder: Path) -> None:
        """Let a person ask for the version before."""
        with component_standing_still("operator") as go_on:
            roll_back(self.kubectl, NAME, folder)
            with self.strike("asking"):
                go_on()
        self.until(lambda status: is_taken_back(status, digest), "the former champion")
        with self.strike("calling-back"):
            pass
        self.until(lambda status: self.is_over(status, digest), "all pods follow")

    def is_over(self, status: dict[str, Any], digest: str) -> bool:
        """Return whether a rollback is recorded, and all ready pods follow the plan after it."""
        open_ends = "challenger" in status or status.get("unwritten")
        followed = status.get("planRevision") == plan_of(self.kubectl, NAME).revision
        return is_taken_back(status, digest) and followed and not open_ends


def is_in_every_shadow(status: dict[str, Any], digest: str) -> bool:
    """Return whether all pods let a challenger score, not only the first."""
    stage = status.get("rollout", {}).get("stage", RolloutStage.SHADOW)
    return stage == RolloutStage.SHADOW and is_shadowing(status, digest)


def is_taken_back(status: dict[str, Any], digest: str) -> bool:
    """Return whether the operator has decided to take a version back."""
    rollout = status.get("rollout", {})
    return (rollout.get("digest"), rollout.get("state")) == (digest, RolloutState.ROLLED_BACK)


def is_worse(status: dict[str, Any], rows: int) -> bool:
    """Return whether the evidence of so many labelled rows says that the challenger is worse."""
    evidence = status.get("rollout", {}).get("evidence", {})
    return evidence.get("labelled") == rows and float(evidence["high"]) < -MARGIN


@contextmanager
def begun(kubectl: Kubectl, strike: Callable[[Stage], Strike]) -> Iterator[Play]:
    """Go from the raw file to a Model that serves."""
    champion, stream = begin(kubectl), live_rows()
    rows = np.arange(len(stream.time_ns))
    days = iter(np.split(rows, len(rows) // DAY_ROWS))
    with staged(kubectl, NAME, stream, HOUR_NS, DAY_ROWS) as stage:
        yield Play(stage, champion, days, strike(stage))


def played(play: Play, folder: Path) -> Outcome:
    """Play both rollbacks; return what came of them.

    Args:
        play: a Model whose first version serves.
        folder: where the access to the cluster is written.
    """
    kubectl, player = play.kubectl, play.stage.player
    worse = play.shadowed(WORSE)
    judged = play.take_back_by_evidence(worse)
    better = play.shadowed(BETTER)
    play.promote(better)
    play.call_back(better, folder)
    settle(kubectl, NAME)
    last = play.send()
    assert set(player.played.version[last]) == {short_name(play.champion)}
    assert player.played.failed == 0
    return _outcome(play, judged, (worse, better))


def _outcome(play: Play, judged: str, versions: tuple[str, ...]) -> Outcome:
    model, status = play.kubectl.get(f"model/{NAME}"), play.status()
    runs = play.kubectl.get("pipelineruns", "--sort-by=.metadata.creationTimestamp")["items"]
    causes = [cause for run in runs for cause in run["spec"]["causes"]]
    assert len(causes) == len(set(causes)), f"a cause has two runs: {causes}"
    told = [newest_records(model["metadata"]["uid"], digest) for digest in versions]
    return Outcome(
        judged=judged,
        champion=status["champion"]["digest"],
        rejected=tuple(item["digest"] for item in status["rejected"]),
        former=tuple(item["digest"] for item in status["history"]),
        triggers=tuple(run["spec"]["trigger"] for run in runs),
        records=tuple(tuple(record.action for record in records) for records in told),
    )
