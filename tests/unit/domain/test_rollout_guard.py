"""The first time of a new champion: who comes back when, and when the former one goes."""

from datetime import timedelta
from typing import Any

import pytest

from support.rollouts import (
    A,
    B,
    alone,
    applied,
    counts,
    decide,
    deployed,
    guarded,
    made,
    passed,
    roles,
    rolling,
    served,
    shadowed,
    stored,
    times,
)
from support.worlds import CREATED, LOST_STORE, NOW, later, message, pod, steps, told
from trimtab_operator.api.model import Model
from trimtab_operator.domain.observed import ObservedModel
from trimtab_stages.contract.serving_plan import VersionState

WELL = (counts("a", requests=900), counts("b", shadow_requests=900))
GUARDED: dict[str, Any] = {
    "champion": stored("b"),
    "history": [stored("a")],
    "rollout": {"digest": B, "state": "Promoted", "former": A, "since": NOW},
}


def paced(seconds: float) -> tuple[VersionState, VersionState]:
    """Return versions whose runs take so long, the former one's a millisecond."""
    return counts("a", times=[times(0.001)]), counts("b", requests=900, times=[times(seconds)])


def new_champion(since: Any = NOW, **spec: Any) -> Model:
    """Return a Model whose champion B has just replaced A."""
    return rolling(GUARDED | {"champion": stored("b") | {"since": since}}, **spec)


@pytest.mark.parametrize(
    ("subject", "seen", "now", "expected", "champion"),
    [
        pytest.param(
            new_champion(), served(guarded(), *WELL), later(599), "b100 a0", B, id="it stays"
        ),
        pytest.param(new_champion(), served(guarded()), later(600), "b100", B, id="then it goes"),
        pytest.param(
            new_champion(), served(shadowed()), later(900), "b100 a0", B, id="not before all follow"
        ),
        pytest.param(
            new_champion(), served(alone("b")), later(900), "b100", B, id="nor does it come back"
        ),
        pytest.param(
            new_champion(rollout={"guardSeconds": 0}),
            served(guarded()),
            NOW,
            "b100",
            B,
            id="no guard",
        ),
        pytest.param(
            new_champion(),
            served(guarded(), counts("b", requests=5, failed_requests=5)),
            later(10),
            "a100",
            A,
            id="errors bring the former one back",
        ),
        pytest.param(
            new_champion(),
            served(guarded(), deployment=deployed(pod("pod-0", ready=True, restarts=2))),
            later(10),
            "a100",
            A,
            id="so do restarts",
        ),
        pytest.param(
            new_champion(),
            served(guarded(), *paced(0.005)),
            later(10),
            "a100",
            A,
            id="and slow runs",
        ),
        pytest.param(
            new_champion(),
            served(guarded(), *paced(0.0019)),
            later(10),
            "b100 a0",
            B,
            id="but not runs that are a little slower",
        ),
        pytest.param(
            new_champion(),
            served(guarded(), counts("b", requests=5, failed_requests=5)),
            later(700),
            "b100",
            B,
            id="not after the guard time",
        ),
        pytest.param(
            new_champion(),
            served(guarded(), counts("b", requests=900, shadow_failed_requests=900)),
            later(10),
            "b100 a0",
            B,
            id="what it failed as a shadow is past",
        ),
    ],
)
def test_the_guard_of_a_new_champion(
    subject: Model, seen: ObservedModel, now: Any, expected: str, champion: str
) -> None:
    plan, status = decide(subject, seen, now)

    assert roles(applied(plan)) == expected
    assert status.champion is not None
    assert status.champion.digest == champion


def test_a_champion_that_fails_is_rejected_and_its_successor_keeps_history() -> None:
    seen = served(guarded(), counts("b", requests=5, failed_requests=5))

    plan, status = decide(new_champion(), seen, later(10))

    assert [item.digest for item in status.history] == [B]
    assert [item.digest for item in status.rejected] == [B]
    assert steps(plan)[-1] == "Emit RolledBack"
    assert status.rollout is not None
    assert status.rollout.message.startswith("The version failed 5 of 10 requests")


def test_no_new_rollout_begins_while_the_former_champion_is_loaded() -> None:
    seen = served(guarded(), *WELL, runs=(passed("a"), passed("b"), passed("c")))

    assert roles(applied(decide(new_champion(), seen, later(10))[0])) == "b100 a0"
    assert roles(applied(decide(new_champion(), seen, later(700))[0])) == "b100"


LOST = {f"bikes-{letter}": made(letter) for letter in "bc"}
FORGOTTEN = rolling(GUARDED | {"champion": stored("b") | {"since": NOW}, "history": []})


@pytest.mark.parametrize(
    ("subject", "seen", "seconds", "ended"),
    [
        pytest.param(new_champion(), {"commits": LOST}, 599, False, id="its commit may come back"),
        pytest.param(new_champion(), {"commits": LOST}, 600, True, id="its commit is gone"),
        pytest.param(
            new_champion(),
            {"commits": LOST, "storage": LOST_STORE},
            600,
            True,
            id="its commit cannot be read",
        ),
        pytest.param(FORGOTTEN, {}, 599, False, id="no history tells of it"),
        pytest.param(FORGOTTEN, {}, 600, True, id="no history tells of it, and the time is over"),
        pytest.param(
            new_champion(rollout=None), {"commits": LOST}, 0, True, id="the rules were removed"
        ),
    ],
)
def test_a_watch_over_a_champion_without_a_former_one_ends(
    subject: Model, seen: dict[str, Any], seconds: float, *, ended: bool
) -> None:
    plan, status = decide(subject, served(guarded(), *WELL, **seen), later(seconds))

    assert roles(applied(plan)) == ("b100" if ended else "unchanged")
    assert told(plan)["RolloutProgressing"] == ("False Promoted" if ended else "False Guarded")
    assert status.rollout is not None
    assert (status.rollout.former is None) is ended
    assert "bikes-a" in message(plan, "RolloutProgressing") or ended or subject is FORGOTTEN


def test_after_such_a_watch_a_newer_run_begins_its_rollout() -> None:
    runs = (passed("a"), passed("b"), passed("c"))
    seen = served(alone("b"), *WELL, runs=runs, commits=LOST)
    _, status = decide(new_champion(), seen, later(600))

    plan, _ = decide(new_champion().model_copy(update={"status": status}), seen, later(601))

    assert roles(applied(plan)) == "b100 c-shadow"


def test_the_guard_is_of_the_time_since_the_promotion() -> None:
    early = CREATED - timedelta(days=1)

    plan, _ = decide(new_champion(since=early), served(guarded()), NOW)

    assert roles(applied(plan)) == "b100"
