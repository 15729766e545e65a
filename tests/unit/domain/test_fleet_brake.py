"""At most so many retrains of a fleet at once; the earliest windows go first."""

import itertools
from datetime import datetime

import pytest

from support.decisions import end_of
from support.worlds import NOW, later
from trimtab_operator.domain.fleet_brake import Fleet, FleetMember, fleet_brake

HOUR = 3600


def active(uid: str, since: datetime = NOW, *, running: bool = False) -> FleetMember:
    return FleetMember(uid, pending_since=since, running=running)


def waiting(uid: str, day: int) -> FleetMember:
    return FleetMember(uid, waiting_for=end_of(day))


IDLE = FleetMember("idle")


@pytest.mark.parametrize(
    ("members", "starts"),
    [
        pytest.param([], True, id="alone"),
        pytest.param([IDLE, IDLE, IDLE], True, id="nobody else is due"),
        pytest.param([active("a")], True, id="one slot is left"),
        pytest.param([active("a"), active("b")], False, id="no slot is left"),
        pytest.param([active("a"), waiting("b", 1)], False, id="an earlier window comes first"),
        pytest.param([active("a"), waiting("b", 3)], True, id="a later window comes after"),
        pytest.param([active("a"), waiting("l", 2)], False, id="equal windows: the first uid"),
        pytest.param([active("a"), waiting("n", 2)], True, id="equal windows: a later uid"),
        pytest.param([waiting("a", 1)], True, id="one waits, two slots are free"),
        pytest.param([waiting("a", 1), waiting("b", 1)], False, id="two wait for two slots"),
        pytest.param(
            [active("a", later(-HOUR)), active("b")], True, id="a run that cannot start holds none"
        ),
        pytest.param(
            [active("a", later(-HOUR), running=True), active("b")], False, id="a long run holds one"
        ),
    ],
)
def test_of_two_slots(members: list[FleetMember], *, starts: bool) -> None:
    assert (fleet_brake(Fleet(2, members), "m", end_of(2), NOW) is None) is starts


def test_in_whatever_order_they_are_asked_no_more_than_the_limit_start() -> None:
    due = {"a": 3, "b": 1, "c": 2, "d": 1, "e": 2}
    for order in itertools.permutations(due):
        assert len(started_by(due, order)) == 2


def test_a_free_slot_goes_to_the_earliest_window_that_waits() -> None:
    due = {"a": 3, "b": 1, "c": 2}
    members = [waiting(uid, day) for uid, day in due.items()]
    free = [
        uid
        for uid, day in due.items()
        if fleet_brake(others(members, uid), uid, end_of(day), NOW) is None
    ]
    assert free == ["b"]


def others(members: list[FleetMember], uid: str) -> Fleet:
    return Fleet(1, [member for member in members if member.uid != uid])


def started_by(due: dict[str, int], order: tuple[str, ...]) -> set[str]:
    """Ask one after another; each sees what was decided about those before."""
    members: dict[str, FleetMember] = {uid: FleetMember(uid) for uid in due}
    for uid in order:
        seen = [member for other, member in members.items() if other != uid]
        stopped = fleet_brake(Fleet(2, seen), uid, end_of(due[uid]), NOW)
        members[uid] = waiting(uid, due[uid]) if stopped else active(uid)
    return {uid for uid, member in members.items() if member.pending_since is not None}


def test_the_message_has_the_numbers() -> None:
    found = fleet_brake(Fleet(1, [active("a"), waiting("b", 1)]), "m", end_of(2), NOW)

    assert found is not None
    assert found.message == (
        "Fleet: 1 retrains are active and 1 wait before this one, 1 may be active at once. "
        "It starts when a slot is free."
    )
