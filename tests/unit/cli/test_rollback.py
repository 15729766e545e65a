"""`trimtab rollback`: which version a person means, and why there is none."""

from typing import Any

import pytest

from support.cli_objects import run_cli
from support.rollouts import A, B, C, rolling, stored, trial
from support.worlds import NOW
from trimtab_operator.cli.commands.rollback import name_of
from trimtab_operator.cli.exits import Refusal
from trimtab_operator.cli.rolling_back import Order, annotation_of, target_of

HISTORY: dict[str, Any] = {"champion": stored("c"), "history": [stored("b"), stored("a")]}
ALIKE = f"sha256:{'a' * 60}ffff"


def order(to: str | None = None, *, challenger: bool = False) -> Order:
    return Order("bikes", to, challenger, NOW)


@pytest.mark.parametrize("kind", ["model", "models", "tmd", "Model"])
def test_the_name_of_a_target(kind: str) -> None:
    assert name_of(f"{kind}/bikes") == "bikes"


@pytest.mark.parametrize("target", ["bikes", "pipeline/bikes", "model/", "tmd"])
def test_another_target_is_refused(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("rollback", target) == 1
    assert f"'{target}' is no target; write model/NAME" in capsys.readouterr().err


def test_one_option_at_a_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("rollback", "model/bikes", "--to", A, "--challenger") == 1
    assert "give one of --to and --challenger" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("status", "wanted", "annotation", "target"),
    [
        pytest.param({}, order(), "previous@2026-01-01T01:00:00Z", B, id="the one before"),
        pytest.param({}, order(A), f"{A}@2026-01-01T01:00:00Z", A, id="one by its digest"),
        pytest.param({}, order("aaaaaaaa"), f"{A}@2026-01-01T01:00:00Z", A, id="by eight digits"),
        pytest.param(
            {}, order("sha256:bbbbbbbb"), f"{B}@2026-01-01T01:00:00Z", B, id="with the prefix"
        ),
        pytest.param(
            trial(), order(challenger=True), f"{C}@2026-01-01T01:00:00Z", C, id="the challenger"
        ),
    ],
)
def test_what_is_asked_for(
    status: dict[str, Any], wanted: Order, annotation: str, target: str
) -> None:
    subject = rolling(HISTORY | status)

    value = annotation_of(subject, wanted)

    assert value == annotation
    assert target_of(subject, value).digest == target


@pytest.mark.parametrize(
    ("status", "wanted", "words"),
    [
        pytest.param({"history": []}, order(), "no former champion", id="nothing before"),
        pytest.param({}, order("aaaa"), "give at least 8 digits", id="too few digits"),
        pytest.param({}, order("dddddddd"), "0 versions begin with", id="an unknown version"),
        pytest.param(
            {"history": [stored("a"), stored("a") | {"digest": ALIKE}]},
            order("aaaaaaaa"),
            "2 versions begin with",
            id="several versions",
        ),
        pytest.param({}, order("cccccccc"), "is the champion already", id="the champion"),
        pytest.param({}, order(challenger=True), "no challenger to take back", id="no challenger"),
    ],
)
def test_what_cannot_be_is_explained(status: dict[str, Any], wanted: Order, words: str) -> None:
    subject = rolling(HISTORY | status)

    with pytest.raises(Refusal) as refused:
        target_of(subject, annotation_of(subject, wanted))

    assert refused.value.reason == "RollbackImpossible"
    assert words in refused.value.message
