"""Runs whose commits a decision needs, and which are kept for it."""

from typing import Any

from support.rollouts import A, B, rolling, stored, trial
from support.worlds import NOW
from trimtab_operator.api.model import Model
from trimtab_operator.domain.needed_runs import kept_runs, needed_runs

HISTORY: dict[str, Any] = {"champion": stored("c"), "history": [stored("b"), stored("a")]}
REJECTED = {"rejected": [{"digest": B, "time": NOW}]}


def asked(value: str, status: dict[str, Any] | None = None) -> Model:
    """Return a Model whose annotation asks for a rollback."""
    return rolling(HISTORY | (status or {}), annotations={"trimtab.dev/rollback": value})


def test_runs_whose_commits_are_needed() -> None:
    subject = asked(A, trial() | REJECTED)

    assert kept_runs(subject) == {"bikes-c", "bikes-b", "bikes-a"}
    assert needed_runs(asked(A, {"history": [stored("b"), stored("a")]})) == {
        "bikes-a",
        "bikes-b",
        "bikes-c",
    }
    assert kept_runs(asked(A)) == {"bikes-b", "bikes-c"}
