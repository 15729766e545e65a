"""When to look again."""

from datetime import datetime

import pytest

from support.worlds import NOW, later
from trimtab_operator.domain.requeue import earliest


@pytest.mark.parametrize(
    ("seconds", "times", "expected"),
    [
        pytest.param(None, [], None, id="nothing to wait for"),
        pytest.param(15.0, [None], 15.0, id="a delay alone"),
        pytest.param(None, [later(90), later(30)], 30.0, id="the first of two times"),
        pytest.param(15.0, [later(90)], 15.0, id="a delay before a time"),
        pytest.param(None, [later(-5)], 1.0, id="a time that has passed is soon, not at once"),
    ],
)
def test_earliest(
    seconds: float | None, times: list[datetime | None], expected: float | None
) -> None:
    assert earliest(NOW, seconds, *times) == expected
