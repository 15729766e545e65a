"""When a look at a DriftMonitor begins."""

import itertools

import pytest

from trimtab_operator.monitor.rounds import begin_of_look

CASES = {
    "long due": (3.0, 10.0, 10.0),
    "due now": (10.0, 10.0, 10.0),
    "due before the next listing": (10.4, 10.0, 10.4),
    "due with the next listing": (11.0, 10.0, None),
    "due later": (15.0, 10.0, None),
}


@pytest.mark.parametrize(("due", "now", "begin"), CASES.values(), ids=CASES)
def test_a_look_begins_when_it_is_due(due: float, now: float, begin: float | None) -> None:
    assert begin_of_look(due, now, poll_seconds=1.0) == begin


def test_looks_keep_their_own_pace_whenever_the_objects_are_listed() -> None:
    begins, due = [0.0], 2.5
    for listing in range(1, 40):
        begin = begin_of_look(due, listing * 1.02, poll_seconds=1.02)
        if begin is not None:
            begins.append(begin)
            due = begin + 2.5
    pauses = {round(later - begin, 9) for begin, later in itertools.pairwise(begins)}
    assert pauses == {2.5}
