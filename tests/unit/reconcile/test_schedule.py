from random import Random

import pytest

from trimtab_operator.reconcile.schedule import Key, Limits, Schedule

A, B, C = (Key("Dataset", "ns", name) for name in "abc")
PIPELINE = Key("Pipeline", "ns", "p")


def schedule(**limits: object) -> Schedule:
    settings = {
        "per_second": 1000.0,
        "burst": 1000,
        "backoff_base": 1.0,
        "backoff_cap": 8.0,
    } | limits
    return Schedule(Limits(**settings), Random(1))  # type: ignore[arg-type] # burst is whole in every case  # noqa: S311 - jitter


def taken(plan: Schedule, now: float) -> list[Key]:
    found = []
    while isinstance(key := plan.take(now), Key):
        found.append(key)
    return found


def test_an_empty_schedule_has_nothing_to_wait_for() -> None:
    assert schedule().take(0) is None


def test_a_key_added_twice_is_handed_out_once() -> None:
    plan = schedule()
    plan.add(A, 0)
    plan.add(A, 0)
    assert taken(plan, 0) == [A]


def test_a_key_is_at_work_only_once_and_comes_again_afterwards() -> None:
    plan = schedule()
    plan.add(A, 0)
    assert taken(plan, 0) == [A]
    plan.add(A, 1)
    assert taken(plan, 1) == []
    plan.finish(A)
    assert taken(plan, 1) == [A]


def test_the_earlier_of_two_due_times_counts() -> None:
    plan = schedule()
    plan.add(A, 0, delay=10)
    plan.add(A, 0, delay=2)
    plan.add(A, 0, delay=5)
    assert plan.take(0) == pytest.approx(2)
    assert taken(plan, 2) == [A]
    plan.finish(A)
    assert plan.take(20) is None


def test_keys_come_in_the_order_in_which_they_are_due() -> None:
    plan = schedule()
    plan.add(A, 0, delay=3)
    plan.add(B, 0, delay=1)
    plan.add(C, 0, delay=2)
    assert taken(plan, 5) == [B, C, A]


def test_one_busy_kind_does_not_hold_up_another() -> None:
    plan = schedule(per_second=1, burst=1)
    for key in (A, B, PIPELINE):
        plan.add(key, 0)
    assert taken(plan, 0) == [A, PIPELINE]
    assert plan.take(0) == pytest.approx(1)
    assert taken(plan, 1) == [B]


@pytest.mark.parametrize("failures", [pytest.param(n, id=f"after {n} failures") for n in range(6)])
def test_backoff_doubles_up_to_its_cap_with_jitter(failures: int) -> None:
    plan = schedule()
    for _ in range(failures):
        plan.add(A, 0)
        taken(plan, 0)
        plan.fail(A, 0)
        taken(plan, 100)
    full = min(8.0, 2.0**failures)
    assert full / 2 <= plan.fail(A, 200) <= full


def test_a_success_ends_the_backoff() -> None:
    plan = schedule()
    for _ in range(4):
        plan.fail(A, 0)
    plan.finish(A)
    assert plan.fail(A, 0) <= 1.0


def test_a_failed_key_waits_even_if_events_came_meanwhile() -> None:
    plan = schedule()
    plan.add(A, 0)
    assert taken(plan, 0) == [A]
    plan.add(A, 0)
    assert plan.fail(A, 0, at_least=5) == 5
    assert taken(plan, 4.9) == []
    assert taken(plan, 5) == [A]


def test_depth_counts_what_is_due_or_at_work_of_one_kind() -> None:
    plan = schedule()
    plan.add(A, 0)
    plan.add(B, 0)
    plan.add(C, 0, delay=9)
    plan.add(PIPELINE, 0)
    plan.take(0)
    assert plan.depth("Dataset", 0) == 2
    assert plan.depth("Dataset", 9) == 3


def test_oldest_is_how_long_a_key_has_been_due() -> None:
    plan = schedule()
    assert plan.oldest(7) == 0
    plan.add(A, 0, delay=2)
    assert plan.oldest(7) == 5
    taken(plan, 7)
    assert plan.oldest(7) == 0


def alone(**limits: object) -> Schedule:
    """Return a schedule in which one Dataset is at work at any time."""
    return schedule(one_at_a_time=frozenset({"Dataset"}), **limits)


def test_of_some_kinds_one_key_is_at_work_at_any_time() -> None:
    plan = alone()
    for key in (A, B, C, PIPELINE):
        plan.add(key, 0)
    assert taken(plan, 0) == [A, PIPELINE]
    plan.finish(PIPELINE)
    assert taken(plan, 0) == []
    plan.finish(A)
    assert taken(plan, 0) == [B]
    plan.fail(B, 0, at_least=9)
    assert taken(plan, 0) == [C]


def test_a_key_that_waits_for_its_turn_is_told_as_waiting() -> None:
    plan = alone()
    plan.add(A, 0)
    plan.add(B, 0)
    assert taken(plan, 0) == [A]
    assert plan.oldest(7) == 7
    assert plan.depth("Dataset", 7) == 2


def test_a_key_that_waits_for_its_turn_is_handed_out_once_however_often_it_is_added() -> None:
    plan = alone()
    plan.add(A, 0)
    plan.add(B, 0)
    assert taken(plan, 0) == [A]
    for _ in range(3):
        plan.add(B, 1)
        assert taken(plan, 1) == []
    plan.finish(A)
    assert taken(plan, 1) == [B]
    plan.finish(B)
    assert taken(plan, 1) == []


def test_a_key_that_waits_for_its_turn_still_comes_at_its_own_time() -> None:
    plan = alone()
    plan.add(A, 0)
    assert taken(plan, 0) == [A]
    plan.add(B, 0, delay=5)
    plan.finish(A)
    assert plan.take(0) == pytest.approx(5)
    assert taken(plan, 5) == [B]
