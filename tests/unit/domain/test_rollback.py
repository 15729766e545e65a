"""Going back by a person's wish: to which version, once, and what is told when it cannot be."""

from typing import Any

import pytest

from support.rollouts import A, B, C, alone, applied, decide, roles, rolling, served, stored, trial
from support.specs import DIGEST
from support.worlds import NOW, later, model, steps
from trimtab_operator.api.model import Model
from trimtab_operator.domain.plan import Emit, Plan
from trimtab_operator.domain.rollback import read_wish

HISTORY: dict[str, Any] = {"champion": stored("c"), "history": [stored("b"), stored("a")]}
REJECTED = {"rejected": [{"digest": B, "time": NOW}]}


def asked(value: str, status: dict[str, Any] | None = None, **spec: Any) -> Model:
    """Return a Model whose annotation asks for a rollback."""
    return rolling(HISTORY | (status or {}), annotations={"trimtab.dev/rollback": value}, **spec)


def said(plan: Plan) -> list[str]:
    return [action.message for action in plan.actions if isinstance(action, Emit)]


@pytest.mark.parametrize(
    ("subject", "target", "refusal"),
    [
        pytest.param(asked("previous"), B, "", id="the one before"),
        pytest.param(asked("previous", REJECTED), A, "", id="not one that was rolled back"),
        pytest.param(asked("previous@2026-01-01"), B, "", id="with a suffix that makes it new"),
        pytest.param(asked(A), A, "", id="one by its digest"),
        pytest.param(asked(f"{B}@2", REJECTED), B, "", id="a rejected one, if it is named"),
        pytest.param(
            asked("previous", {"history": []}), None, "no former champion", id="nothing before"
        ),
        pytest.param(asked(DIGEST[:-1] + "0"), None, "is no former champion", id="an unknown one"),
        pytest.param(asked(C), None, "the champion already", id="the champion"),
        pytest.param(asked(C, trial()), C, "", id="the champion, against its challenger"),
    ],
)
def test_what_is_wished(subject: Model, target: str | None, refusal: str) -> None:
    wish = read_wish(subject)

    assert wish is not None
    assert (wish.target.digest if wish.target is not None else None) == target
    assert refusal in wish.refusal


@pytest.mark.parametrize(
    "subject",
    [
        pytest.param(rolling(HISTORY), id="no annotation"),
        pytest.param(asked(""), id="an empty one"),
        pytest.param(asked("previous", {"lastHandledRollback": "previous"}), id="a handled one"),
    ],
)
def test_nothing_is_wished(subject: Model) -> None:
    assert read_wish(subject) is None


def test_a_users_own_file_is_not_rolled_back() -> None:
    subject = model(
        pipelineRef=None,
        onnx={"uri": "raw/m.onnx", "digest": DIGEST},
        annotations={"trimtab.dev/rollback": "previous"},
    )

    wish = read_wish(subject)

    assert wish is not None
    assert "name another file" in wish.refusal


def test_the_former_champion_answers_and_what_it_replaces_is_rejected() -> None:
    plan, status = decide(asked("previous"), served(alone("c"), runs=()), NOW)

    assert roles(applied(plan)) == "b100"
    assert status.champion is not None
    assert (status.champion.digest, status.champion.since) == (B, NOW)
    assert [item.digest for item in status.history] == [C, A]
    assert [item.digest for item in status.rejected] == [C]
    assert status.last_handled_rollback == "previous"
    assert steps(plan)[-1] == "Emit RolledBack"


def test_it_is_done_once_and_recorded_next() -> None:
    subject, seen = asked("previous"), served(alone("c"), runs=())
    _, status = decide(subject, seen, NOW)

    second, after = decide(subject.model_copy(update={"status": status}), seen, later(1))
    third, _ = decide(subject.model_copy(update={"status": after}), seen, later(2))

    assert steps(second)[-1] == "Record RolledBack"
    assert roles(applied(third)) == "b100"
    assert "Record RolledBack" not in steps(third)


def test_one_can_go_further_back_and_forth() -> None:
    subject, seen = asked("previous"), served(alone("c"), runs=())
    champions = []
    for second, value in enumerate(("previous@1", "previous@2", C, A, C)):
        wished = subject.metadata.model_copy(
            update={"annotations": {"trimtab.dev/rollback": value}}
        )
        _, status = decide(subject.model_copy(update={"metadata": wished}), seen, later(second))
        subject = subject.model_copy(update={"status": status})
        assert status.champion is not None
        champions.append(status.champion.digest)

    assert champions == [B, A, C, A, C]
    causes = [item.cause for item in subject.status.unwritten]
    assert len(set(causes)) == len(causes)


def test_the_challenger_goes_with_the_champion_it_was_compared_with() -> None:
    subject = asked("previous", {"champion": stored("a"), "history": [stored("c")]} | trial())

    plan, status = decide(subject, served(alone()), NOW)

    assert roles(applied(plan)) == "c100"
    assert status.challenger is None
    assert [item.digest for item in status.rejected] == [A, B]


def test_the_champions_own_digest_takes_the_challenger_back() -> None:
    subject = asked(A, {"champion": stored("a"), "history": []} | trial())

    plan, status = decide(subject, served(alone()), NOW)

    assert roles(applied(plan)) == "a100"
    assert status.challenger is None
    assert [item.digest for item in status.rejected] == [B]
    assert status.last_handled_rollback == A


def test_an_impossible_wish_is_said_once_and_changes_nothing() -> None:
    subject = asked("previous", {"history": []})

    plan, status = decide(subject, served(alone("c"), runs=()), NOW)
    again, _ = decide(
        subject.model_copy(update={"status": status}), served(alone("c"), runs=()), NOW
    )

    assert said(plan) == [
        "Rollback to `previous`: there is no former champion that was not rolled back."
    ]
    assert status.champion == subject.status.champion
    assert said(again) == []


def test_a_wish_waits_for_a_commit_that_cannot_be_read() -> None:
    seen = served(alone("c"), runs=())
    commits = {name: found for name, found in seen.commits.items() if name != "bikes-b"}

    plan, status = decide(asked("previous"), served(alone("c"), runs=(), commits=commits), NOW)

    assert status.champion == asked("previous").status.champion
    assert status.last_handled_rollback == ""
    assert plan.requeue_after == 5.0
    (words,) = said(plan)
    assert words == (
        "Rollback to `previous` waits: commit `runs/bikes-b/commit.json` cannot be read. "
        "Restore it, or name another version."
    )
