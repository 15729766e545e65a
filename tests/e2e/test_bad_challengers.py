"""Challengers that must not answer, in the cluster: the champion answers every request throughout.

Everything that decides is the release's own: operator, monitor, store and server pods. A pod asks
all the time, through every step, and tries nothing twice. Training and evidence are real; graphs
that no training makes come as what a run has committed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import pytest

from replay.player import Player, Rows
from replay.streams import Stream
from support.asking_pod import Answers, asking_undisturbed
from support.audit_log import newest_records
from support.graphs import brittle_scores, nested_functions
from support.kubectl import Kubectl
from support.plan_followers import plan_of
from support.planted_runs import request_planted_run
from support.trial_pipeline import (
    CORRUPTED,
    DAY_ROWS,
    HOUR_NS,
    INVERTED,
    MARGIN,
    NAME,
    begin,
    live_rows,
    strained,
    train_on,
)
from support.waiting import wait_until
from trimtab_operator.api.rollout import RolloutState
from trimtab_operator.manifests.names import server
from trimtab_stages.contract.audit import AuditAction, AuditRecord
from trimtab_stages.contract.serving_plan import GoldenRequest
from trimtab_stages.serve.plan.version import short_name

pytestmark = [pytest.mark.e2e, pytest.mark.recovery, pytest.mark.rotating]

NAMESPACE, MODEL, SECONDS = "recovery", f"model/{NAME}", 180
BODY = '{"inputs":[{"name":"features","shape":[1,2],"datatype":"FP32","data":[0.5,-0.5]}]}'
KILLER = nested_functions(6000)
BRITTLE = brittle_scores(20)
GOLDEN = GoldenRequest(numeric=[[0.0, -1.0]], scores=[[0.5]])
"""Of the brittle graph."""
MORE = 100
"""So many further answers show who answers now."""
AT_ONCE = 8
"""Rows that are asked for between two looks at what became of them."""


@dataclass(frozen=True)
class Trial:
    """A Model that serves, and the rows that it is asked for next.

    Attributes:
        kubectl: in its namespace.
        champion: digest of what answers.
        stream: labelled rows.
        days: which of them come next, a day at a time.
    """

    kubectl: Kubectl
    champion: str
    stream: Stream
    days: Iterator[Rows]

    @property
    def status(self) -> dict[str, Any]:
        """Status of the Model."""
        found: dict[str, Any] = self.kubectl.get(MODEL)["status"]
        return found

    def ended(self, digest: str, state: RolloutState) -> bool:
        """Return whether a version's rollout has ended like this, and is recorded."""
        status = self.status
        rollout = status.get("rollout", {})
        like_this = (rollout.get("digest"), rollout.get("state")) == (digest, state)
        return like_this and "challenger" not in status and not status.get("unwritten")

    def records(self, what: str, digest: str) -> list[AuditRecord]:
        """Return what the audit log says of an object and a version."""
        return newest_records(self.kubectl.get(what)["metadata"]["uid"], digest)

    @contextmanager
    def playing(self, stream: Stream, batch: int) -> Iterator[Player]:
        """Yield a client of one server pod that returns labels."""
        service = f"svc/{server(NAME)}"
        with self.kubectl.forward(service, 8080) as address:
            player = Player(stream, NAME, address, HOUR_NS, batch, tell=lambda _: None)
            yield player
            player.close()


@pytest.fixture(scope="module")
def trial(installed: list[str]) -> Iterator[Trial]:
    assert NAMESPACE in installed
    kubectl = Kubectl(NAMESPACE)
    champion, stream = begin(kubectl), live_rows()
    rows = np.arange(len(stream.time_ns))
    yield Trial(kubectl, champion, stream, iter(np.split(rows, len(rows) // DAY_ROWS)))
    # The tests after these ask for the processors.
    kubectl.run("delete", "models", "--all", "--wait=false")


@pytest.fixture
def told(trial: Trial) -> Iterator[Callable[[], Answers]]:
    """Let a pod ask through the whole test: no answer may fail, no server pod go or restart."""
    with asking_undisturbed(trial.kubectl, NAME, BODY) as told:
        yield told


def play_until(trial: Trial, player: Player, digest: str, state: RolloutState) -> None:
    """Send rows and their labels, none twice, until a version's rollout has ended like this."""

    def played() -> bool:
        player.send(next(trial.days))
        return trial.ended(digest, state)

    wait_until(played, SECONDS, interval=0.2, what=f"{state} after the shadow")
    assert player.played.failed == 0


def wait_for_more(told: Callable[[], Answers], digest: str) -> None:
    """Wait until a version has given further answers."""

    def answers() -> int:
        name = short_name(digest)
        return sum(count for answer, count in told().items() if answer.startswith(name))

    before = answers()
    wait_until(lambda: answers() >= before + MORE, SECONDS, interval=0.5, what="its answers")


def answered_by(told: Callable[[], Answers]) -> set[str]:
    """Return the versions that have answered."""
    return {answer.partition(" ")[0] for answer in told()}


def assert_taken_back(trial: Trial, digest: str, *words: str) -> None:
    """Assert that the champion is the same, and that status, Event and audit log all say why."""
    status = trial.status
    assert status["champion"]["digest"] == trial.champion
    rejected = next(item for item in status["rejected"] if item["digest"] == digest)
    condition = trial.kubectl.condition(MODEL, "RolloutProgressing")
    assert (condition["status"], condition["reason"]) == ("False", "RolledBack")
    events = trial.kubectl.get("events", "--field-selector", "reason=RolledBack")["items"]
    begins = f"Version `{rejected['run']}` was taken back: "
    event = next(item["message"] for item in events if item["message"].startswith(begins))
    record = trial.records(MODEL, digest)[-1]
    assert record.action is AuditAction.ROLLED_BACK
    for place in (status["rollout"]["message"], condition["message"], event, record.reason):
        assert all(word in place for word in words), place


def test_one_that_is_worse_in_production_alone_is_taken_back_in_the_shadow(
    trial: Trial, told: Callable[[], Answers]
) -> None:
    """Its file tells the opposite of what is served: there it is right, and far better."""
    run = train_on(trial.kubectl, INVERTED, SECONDS)
    assert trial.kubectl.condition(f"pipelinerun/{run}", "GatesPassed")["status"] == "True"
    challenger = trial.kubectl.get(f"pipelinerun/{run}")["status"]["modelDigest"]
    with trial.playing(trial.stream, DAY_ROWS) as player:
        play_until(trial, player, challenger, RolloutState.ROLLED_BACK)
    wait_for_more(told, trial.champion)

    evidence = trial.status["rollout"]["evidence"]
    assert evidence["digest"] == challenger
    assert float(evidence["high"]) < -MARGIN
    assert_taken_back(trial, challenger, "BalancedAccuracy of challenger - champion -")
    assert answered_by(told) == {short_name(trial.champion)}


def test_one_of_corrupt_labels_is_refused_by_the_gate(
    trial: Trial, told: Callable[[], Answers]
) -> None:
    run = train_on(trial.kubectl, CORRUPTED, SECONDS)
    wait_for_more(told, trial.champion)

    judged = trial.kubectl.condition(f"pipelinerun/{run}", "GatesPassed")
    assert (judged["status"], judged["reason"]) == ("False", "GatesFailed")
    assert "good-enough Failed: BalancedAccuracy 0." in judged["message"]
    refused = trial.kubectl.get(f"pipelinerun/{run}")["status"]["modelDigest"]
    (record,) = trial.records(f"pipelinerun/{run}", refused)
    assert record.action is AuditAction.GATES_JUDGED
    assert record.reason.startswith("Failed: good-enough Failed: ")
    assert trial.records(MODEL, refused) == []
    assert trial.status["champion"]["digest"] == trial.champion
    assert answered_by(told) == {short_name(trial.champion)}


def test_one_that_crashes_its_loader_takes_no_pod_away(
    trial: Trial, told: Callable[[], Answers]
) -> None:
    """At most one pod one restart is promised; the check in a child process costs none."""
    killer = request_planted_run(trial.kubectl, NAME, KILLER)
    wait_until(lambda: trial.ended(killer, RolloutState.ROLLED_BACK), SECONDS, interval=0.5)
    wait_for_more(told, trial.champion)

    assert_taken_back(trial, killer, "A pod refuses the version: ", "was killed by SIGSEGV")
    assert answered_by(told) == {short_name(trial.champion)}


def test_one_that_fails_once_it_answers_fails_no_request_and_makes_room_for_the_former_champion(
    trial: Trial, told: Callable[[], Answers]
) -> None:
    """In the shadow no row asks for what it cannot do; then the former champion answers those."""
    brittle = request_planted_run(trial.kubectl, NAME, BRITTLE, GOLDEN)
    with trial.playing(trial.stream, DAY_ROWS) as player:
        play_until(trial, player, brittle, RolloutState.PROMOTED)
    wait_for_more(told, brittle)
    with trial.playing(strained(trial.stream), batch=1) as player:
        send_until_taken_back(trial, player, brittle)
        wait_until(lambda: follows(trial), SECONDS, interval=0.5, what="all pods follow")
        last = next(trial.days)
        player.send(last)
    wait_for_more(told, trial.champion)

    assert player.played.failed == 0
    assert set(player.played.version[last]) == {short_name(trial.champion)}
    assert_taken_back(trial, brittle, "`maxErrorRate` allows 1.00%")
    assert answered_by(told) == {short_name(trial.champion), short_name(brittle)}


def send_until_taken_back(trial: Trial, player: Player, digest: str) -> None:
    """Send rows that a version cannot answer, none twice, until it does not answer any more."""
    rows = iter(np.concatenate(list(islice(trial.days, SECONDS))))

    def taken_back() -> bool:
        player.send(np.array(list(islice(rows, AT_ONCE))))
        return trial.ended(digest, RolloutState.ROLLED_BACK)

    wait_until(taken_back, SECONDS, interval=0.2, what="the former champion")


def follows(trial: Trial) -> bool:
    """Return whether all ready pods follow the newest plan."""
    return bool(trial.status.get("planRevision") == plan_of(trial.kubectl, NAME).revision)
