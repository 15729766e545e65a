"""`trimtab accept`: exactly what is suggested, or why there is nothing to accept."""

import pytest

from support.cli_objects import decision, run_cli
from support.decisions import monitor, pending
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.cli.acceptance import suggestion_of
from trimtab_operator.cli.commands.accept import name_of
from trimtab_operator.cli.exits import Refusal


@pytest.mark.parametrize("kind", ["driftmonitor", "driftmonitors", "tdm", "DriftMonitor"])
def test_the_name_of_a_target(kind: str) -> None:
    assert name_of(f"{kind}/bikes") == "bikes"


@pytest.mark.parametrize("target", ["bikes", "model/bikes", "driftmonitor/", "tdm"])
def test_another_target_is_refused(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("accept", target) == 1
    assert f"'{target}' is no target; write driftmonitor/NAME" in capsys.readouterr().err


def test_what_is_suggested_is_accepted() -> None:
    assert suggestion_of(monitor(status={"suggestion": pending()}), "bikes") == pending()


@pytest.mark.parametrize(
    ("subject", "words"),
    [
        pytest.param(monitor(), "'bikes' suggests nothing; nothing is decided", id="no window yet"),
        pytest.param(
            monitor(status={"decision": decision("Suppress", "Cooldown", "Cooldown: ...")}),
            "'bikes' suggests nothing; its newest decision is Suppress: Cooldown: ...",
            id="a suppressed retrain",
        ),
        pytest.param(
            monitor(status={"pending": pending()}),
            "a retrain is pending already: Quality fell.",
            id="a pending retrain",
        ),
    ],
)
def test_nothing_to_accept_is_explained(subject: DriftMonitor, words: str) -> None:
    with pytest.raises(Refusal) as refused:
        suggestion_of(subject, "bikes")

    assert refused.value.reason == "NothingToAccept"
    assert words in refused.value.message
