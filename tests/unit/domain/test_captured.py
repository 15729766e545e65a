"""Whether a snapshot holds the rows that a decision rests on."""

from datetime import datetime
from typing import Any

import pytest

from support.decisions import end_of
from support.worlds import dataset, snapshot
from trimtab_operator.domain.captured import covers

CAPTURE = {"model": "bikes", "policy": "SinceLastSnapshot"}


@pytest.mark.parametrize(
    ("capture", "through", "covered"),
    [
        pytest.param(None, None, True, id="a Dataset that takes in no traffic"),
        pytest.param(CAPTURE, None, False, id="a snapshot of the file alone"),
        pytest.param(CAPTURE, end_of(1), False, id="a snapshot of earlier traffic"),
        pytest.param(CAPTURE, end_of(2), True, id="a snapshot up to the window's end"),
        pytest.param(CAPTURE, end_of(3), True, id="a snapshot of later traffic"),
    ],
)
def test_covers(capture: dict[str, Any] | None, through: datetime | None, *, covered: bool) -> None:
    source = {"uri": "raw/bikes.csv"} | ({"capture": capture} if capture else {})
    found = snapshot().model_copy(update={"captured_through": through})

    assert covers(found, dataset(source=source), end_of(2)) is covered
