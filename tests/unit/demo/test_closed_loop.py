"""Two plays of the closed loop are compared by what does not depend on when a promotion is seen."""

from typing import Any

import pytest

from support.closed_loop import WINDOWS, measured


def evaluations(changed: int, **fields: Any) -> list[dict[str, Any]]:
    """Return the windows of a play; `fields` are of the one with that number."""
    same = {"version": "v1", "rows": 720, "labels": 720, "faults": [], "signals": []}
    return [
        {"start": number, "end": number + 1} | same | (fields if number == changed else {})
        for number in range(WINDOWS)
    ]


@pytest.mark.parametrize(
    ("window", "fields", "equal"),
    [
        pytest.param(WINDOWS - 1, {"rows": 552, "labels": 552}, True, id="a day more or less"),
        pytest.param(WINDOWS - 1, {"signals": [{"value": "0.1"}]}, True, id="its quality"),
        pytest.param(WINDOWS - 1, {"faults": ["ClockSkew"]}, False, id="a fault of the last"),
        pytest.param(WINDOWS - 1, {"version": "v2"}, False, id="another champion in the end"),
        pytest.param(WINDOWS - 2, {"rows": 719}, False, id="rows of one before"),
        pytest.param(0, {"signals": [{"value": "0.1"}]}, False, id="a signal of one before"),
    ],
)
def test_numbers_count_where_one_version_answered(
    window: int, fields: dict[str, Any], *, equal: bool
) -> None:
    found = measured(evaluations(window, **fields)) == measured(evaluations(window))
    assert found is equal
