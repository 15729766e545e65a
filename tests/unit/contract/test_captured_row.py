"""Captured rows: columns of one length, or no object at all."""

from typing import Any

import pytest
from pydantic import ValidationError

from support.contract_samples import STORED
from trimtab_stages.contract.captured_row import CapturedRows

ONE: dict[str, Any] = STORED["captured_rows"].to_wire()
TEXTS = {"categoricalColumns": ["site"], "categorical": [["a"]]}


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="one number"),
        pytest.param(TEXTS, id="a category beside it"),
        pytest.param({"decisions": []}, id="without decisions"),
        pytest.param(
            {"ids": [], "eventTimeNs": [], "receivedNs": [], "decisions": [], "numeric": ""},
            id="no row",
        ),
        pytest.param({"numericColumns": [], "numeric": ""}, id="no number"),
    ],
)
def test_columns_that_fit(changes: dict[str, Any]) -> None:
    assert CapturedRows.model_validate(ONE | changes).to_wire() == ONE | changes


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"ids": ["r#0", "r#1"]}, id="more ids"),
        pytest.param({"eventTimeNs": []}, id="no event time"),
        pytest.param({"receivedNs": [1, 2]}, id="more arrivals"),
        pytest.param({"decisions": [1, 0]}, id="more decisions"),
        pytest.param({"numericColumns": ["tmax", "tmin"]}, id="more names than numbers"),
        pytest.param({"numeric": "AAAAAAAAAAA="}, id="more numbers than names"),
        pytest.param(TEXTS | {"categorical": []}, id="no categories"),
        pytest.param(TEXTS | {"categorical": [["a", "b"]]}, id="more categories than names"),
    ],
)
def test_columns_that_do_not_fit_are_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="columns do not have"):
        CapturedRows.model_validate(ONE | changes)
