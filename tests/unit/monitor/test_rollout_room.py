import pytest

from trimtab_operator.monitor.rollout_room import with_room


@pytest.mark.parametrize(
    ("held", "chosen"),
    [
        pytest.param({}, "abc", id="none has begun"),
        pytest.param({"a": 40, "b": 30, "c": 30}, "abc", id="all fit"),
        pytest.param({"a": 40, "b": 30, "c": 31}, "ab", id="the youngest waits"),
        pytest.param({"a": 10, "b": 95, "c": 80}, "ac", id="a smaller one goes first"),
        pytest.param({"a": 101}, "bc", id="one is too large alone"),
    ],
)
def test_older_rollouts_have_room_first(held: dict[str, int], chosen: str) -> None:
    assert with_room("abc", held, most=100) == list(chosen)
