from trimtab_operator.reconcile.schedule import Key
from trimtab_operator.reconcile.watchdog import PATIENCE_SECONDS, Watchdog

A, B = (Key("Dataset", "ns", name) for name in "ab")
LATER = PATIENCE_SECONDS + 1


def test_a_watch_that_showed_everything_is_not_silent() -> None:
    dog = Watchdog()
    dog.saw(A, "1")
    for now in (0, LATER, 2 * LATER):
        dog.compare({A: "1"}, now)
    assert not dog.silent


def test_an_event_may_come_later_than_the_list() -> None:
    dog = Watchdog()
    dog.compare({A: "1"}, 0)
    assert not dog.silent
    dog.saw(A, "1")
    dog.compare({A: "1"}, LATER)
    assert not dog.silent


def test_a_version_that_lists_have_for_long_and_no_event_had_was_missed() -> None:
    dog = Watchdog()
    dog.saw(A, "1")
    dog.compare({A: "2"}, 0)
    dog.compare({A: "2"}, PATIENCE_SECONDS - 1)
    assert not dog.silent
    dog.compare({A: "2"}, LATER)
    assert dog.silent


def test_an_object_that_changes_all_the_time_is_no_proof() -> None:
    dog = Watchdog()
    for step in range(9):
        dog.compare({A: str(step)}, step * LATER)
    assert not dog.silent


def test_it_recovers_when_the_watch_does() -> None:
    dog = Watchdog()
    dog.compare({A: "1"}, 0)
    dog.compare({A: "1"}, LATER)
    assert dog.silent
    dog.saw(A, "1")
    dog.compare({A: "1"}, LATER + 1)
    assert not dog.silent


def test_deleted_objects_are_forgotten() -> None:
    dog = Watchdog()
    dog.saw(A, "1")
    dog.saw(B, "1")
    dog.saw(B, None)
    dog.compare({A: "1"}, 0)
    dog.compare({A: "1", B: "5"}, LATER)
    assert not dog.silent
