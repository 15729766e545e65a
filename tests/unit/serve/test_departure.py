"""Clients that go before their answer."""

import pytest

from trimtab_stages.serve.departure import departure
from trimtab_stages.serve.statistics import FAILURES


@pytest.mark.parametrize(
    ("waited", "allowed", "is_failure"),
    [
        pytest.param(0.001, None, False, id="it changed its mind"),
        pytest.param(0.1, None, True, id="nobody waits so long to change their mind"),
        pytest.param(0.01, 0.05, False, id="before its own time limit"),
        pytest.param(0.049, 0.05, True, id="at its own time limit, by another clock"),
        pytest.param(5.0, 30.0, True, id="long before a long one"),
    ],
)
def test_whose_fault_a_departure_is(
    waited: float, allowed: float | None, *, is_failure: bool
) -> None:
    assert (departure(waited, allowed).code in FAILURES) is is_failure
