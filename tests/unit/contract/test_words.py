"""A stored word that is not known is kept, acts as none that is, and is written back."""

import pytest
from pydantic import TypeAdapter, ValidationError

from trimtab_stages.contract.gates import GateKind, GateResult, Outcome, overall
from trimtab_stages.contract.words import Stored, read_word

STORED: TypeAdapter[Outcome] = TypeAdapter(Stored[Outcome])


def test_a_known_word_is_its_member() -> None:
    assert STORED.validate_python("Passed") is Outcome.PASSED
    assert STORED.validate_json('"Passed"') is Outcome.PASSED


@pytest.mark.parametrize("read", [STORED.validate_python, lambda w: STORED.validate_json(f'"{w}"')])
def test_an_unknown_one_is_kept_and_equals_no_member(read: object) -> None:
    assert callable(read)
    found = read("Deferred")

    assert isinstance(found, Outcome)
    assert found not in set(Outcome)
    assert (f"{found}", found.value, found == "Deferred") == ("Deferred", "Deferred", True)
    assert len({found, read("Deferred")}) == 1
    assert STORED.dump_json(found) == b'"Deferred"'
    assert STORED.validate_python(found) is found


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("", id="nothing"),
        pytest.param("two words", id="a sentence"),
        pytest.param("W" * 129, id="too long"),
        pytest.param(7, id="a number"),
        pytest.param(None, id="null"),
    ],
)
def test_what_is_no_word_is_refused(value: object) -> None:
    with pytest.raises(ValidationError):
        STORED.validate_python(value)


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [
        pytest.param([], "Passed", id="no gate"),
        pytest.param(["Passed", "Deferred"], "Inconclusive", id="an unknown one is no pass"),
        pytest.param(["Failed", "Deferred"], "Failed", id="nor does it hide a failed one"),
    ],
)
def test_overall(outcomes: list[str], expected: str) -> None:
    results = [
        GateResult(name="g", kind=GateKind.METRIC, outcome=read_word(Outcome, outcome), message="m")
        for outcome in outcomes
    ]

    assert overall(results) == expected
