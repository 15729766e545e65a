"""Conditions change their time only when their status flips."""

from support.worlds import CREATED, NOW
from trimtab_operator.api.conditions import Condition, ConditionType, Reason
from trimtab_operator.domain.conditions import (
    ABNORMAL,
    Moment,
    is_false,
    is_true,
    paused,
    reconciling,
    set_conditions,
)

READY = ConditionType.READY
BEFORE = [
    Condition(
        type=READY, status="True", reason="Idle", message="Old.", last_transition_time=CREATED
    ),
    Condition(type="Reconciling", status="True", reason="Running", last_transition_time=CREATED),
]
MOMENT = Moment(generation=3, now=NOW)


def test_the_same_status_keeps_its_time_and_takes_the_new_words() -> None:
    found = set_conditions(BEFORE, [is_true(READY, Reason.RECONCILED, "New.")], MOMENT)

    assert [(item.reason, item.message) for item in found] == [("Reconciled", "New.")]
    assert found[0].last_transition_time == CREATED
    assert found[0].observed_generation == 3


def test_another_status_takes_the_time() -> None:
    found = set_conditions(BEFORE, [is_false(READY, Reason.RUN_FAILED, "Bad.")], MOMENT)

    assert found[0].last_transition_time == NOW


def test_reconciling_is_removed_when_no_verdict_names_it() -> None:
    assert [item.type for item in set_conditions(BEFORE, [], MOMENT)] == ["Ready"]


def test_other_types_stay_until_they_are_removable() -> None:
    removable = ABNORMAL | {READY}

    assert set_conditions(BEFORE, [], MOMENT, removable) == []


def test_the_order_is_the_catalogues() -> None:
    verdicts = [paused(suspend=True, effect="Nothing starts."), reconciling("Running", "Busy.")]

    found = set_conditions(BEFORE, verdicts, MOMENT)

    assert [item.type for item in found] == ["Ready", "Reconciling", "Paused"]


def test_a_message_never_exceeds_its_field() -> None:
    found = set_conditions([], [is_true(READY, Reason.IDLE, "x" * 9000)], MOMENT)

    assert len(found[0].message) == 4096
