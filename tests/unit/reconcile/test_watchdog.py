from trimtab_operator.reconcile.schedule import Key
from trimtab_operator.reconcile.watchdog import Watchdog

A, B = (Key("Dataset", "ns", name) for name in "ab")


def test_a_watch_that_showed_everything_is_not_silent() -> None:
    dog = Watchdog()
    dog.saw(A, "1")
    for _ in range(3):
        dog.compare({A: "1"})
    assert not dog.silent


def test_an_event_may_come_later_than_the_list() -> None:
    dog = Watchdog()
    dog.compare({A: "1"})
    assert not dog.silent
    dog.saw(A, "1")
    dog.compare({A: "1"})
    assert not dog.silent


def test_a_version_that_two_lists_have_and_no_event_had_was_missed() -> None:
    dog = Watchdog()
    dog.saw(A, "1")
    dog.compare({A: "2"})
    dog.compare({A: "2"})
    assert dog.silent


def test_an_object_that_changes_all_the_time_is_no_proof() -> None:
    dog = Watchdog()
    dog.compare({A: "2"})
    dog.compare({A: "3"})
    assert not dog.silent


def test_it_recovers_when_the_watch_does() -> None:
    dog = Watchdog()
    dog.compare({A: "1"})
    dog.compare({A: "1"})
    dog.saw(A, "1")
    dog.compare({A: "1"})
    assert not dog.silent


def test_deleted_objects_are_forgotten() -> None:
    dog = Watchdog()
    dog.saw(A, "1")
    dog.saw(B, "1")
    dog.saw(B, None)
    dog.compare({A: "1"})
    dog.compare({A: "1", B: "5"})
    assert not dog.silent
