"""All requests of a reconcile share what may be waited for a throttling API server."""

import asyncio
from collections.abc import Sequence

import pytest

from trimtab_operator.cluster.patience import Patience, patient, take_pause


@pytest.mark.parametrize(
    ("asked", "pauses"),
    [
        pytest.param([1.0], [1.0], id="as long as is asked"),
        pytest.param([None], [None], id="nothing is asked"),
        pytest.param([11.0], [None], id="longer than it may be"),
        pytest.param([4.0, 4.0, 4.0], [4.0, 4.0, None], id="together no longer than it may be"),
        pytest.param([8.0, 4.0, 2.0], [8.0, None, 2.0], id="what is left serves a shorter pause"),
        pytest.param([0.0] * 11, [1.0] * 10 + [None], id="no pause at all does not go on for ever"),
    ],
)
def test_of_ten_seconds(asked: Sequence[float | None], pauses: Sequence[float | None]) -> None:
    patience = Patience(10.0)

    assert [patience.take(seconds) for seconds in asked] == pauses


def test_only_a_reconcile_waits() -> None:
    outside = take_pause(1.0)
    with patient(1.0):
        inside = take_pause(1.0)

    assert (outside, inside, take_pause(1.0)) == (None, 1.0, None)


def test_requests_at_the_same_time_share_what_is_left() -> None:
    async def ask() -> float | None:
        return take_pause(1.0)

    async def ask_three() -> Sequence[float | None]:
        with patient(2.0):
            return await asyncio.gather(ask(), ask(), ask())

    assert list(asyncio.run(ask_three())) == [1.0, 1.0, None]


def test_reconciles_at_the_same_time_do_not() -> None:
    async def reconcile() -> float | None:
        with patient(1.0):
            return take_pause(1.0)

    async def two() -> Sequence[float | None]:
        return await asyncio.gather(reconcile(), reconcile())

    assert list(asyncio.run(two())) == [1.0, 1.0]
