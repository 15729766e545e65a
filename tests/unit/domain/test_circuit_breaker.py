"""After some failures in a row only a person may go on."""

from typing import Any

import pytest

from support.decisions import retrain
from support.worlds import NOW
from trimtab_operator.api.monitor_status import Breaker
from trimtab_operator.domain.circuit_breaker import next_breaker, open_breaker

RESET = {"last_handled_reset": "again", "reset_time": NOW}


@pytest.mark.parametrize(
    ("before", "states", "reset", "expected"),
    [
        pytest.param({}, [], "", (False, 0), id="nothing failed"),
        pytest.param({}, ["Failed"], "", (False, 1), id="one of two"),
        pytest.param({}, ["Failed", "Failed"], "", (True, 2), id="two of two open it"),
        pytest.param(
            {"open": True, "failures": 2}, ["Failed", "Failed"], "", (True, 2), id="it stays open"
        ),
        pytest.param(
            {"open": True, "failures": 2},
            ["Failed", "Failed"],
            "again",
            (False, 0),
            id="a person closes it",
        ),
        pytest.param(
            {"open": True, "failures": 2} | RESET,
            ["Failed", "Failed"],
            "again",
            (False, 0),
            id="failures before the reset do not count again",
        ),
        pytest.param(
            {"open": True, "failures": 2, "last_handled_reset": "again"},
            ["Failed", "Failed"],
            "again",
            (True, 2),
            id="the same word does not close it twice",
        ),
        pytest.param(
            {"open": True, "failures": 2},
            ["Failed", "Failed", "Passed"],
            "",
            (False, 0),
            id="a success closes it",
        ),
    ],
)
def test_next_breaker(
    before: dict[str, Any], states: list[str], reset: str, expected: tuple[bool, int]
) -> None:
    retrains = [retrain(number, state) for number, state in enumerate(states, start=1)]
    found = next_breaker(Breaker(**before), retrains, 2, reset, NOW)

    assert (found.open, found.failures) == expected


def test_a_long_word_is_kept_as_far_as_the_status_holds_it() -> None:
    word = "x" * 1000
    once = next_breaker(Breaker(), [], 3, word, NOW)

    assert Breaker.model_validate(once.to_wire()) == once
    assert next_breaker(once, [], 3, word, NOW) == once


def test_an_open_breaker_says_how_it_is_closed() -> None:
    assert open_breaker(Breaker(), "bikes") is None
    found = open_breaker(Breaker(open=True, failures=3), "bikes")

    assert found is not None
    assert found.message == (
        "Breaker: 3 retrains have failed in a row; see why, then `kubectl annotate "
        'driftmonitor/bikes trimtab.dev/reset-breaker="$(date -Is)" --overwrite`.'
    )
