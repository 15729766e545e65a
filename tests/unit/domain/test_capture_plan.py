"""Which captured rows the next ingest adds, by what DriftMonitors have decided."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from support.decided import CAPTURE, day, decided
from support.worlds import condition, dataset
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.domain.capture_plan import (
    MOST_RANGES,
    capture_status,
    due_capture,
    merge_ranges,
)
from trimtab_operator.domain.identity import rules_id
from trimtab_stages.contract.capture import TimeRange

DAY_3 = {"model": "bikes", "through": day(4), "excluded": [{"start": day(1), "end": day(2)}]}
"""Known of a decision for the window of day 3."""


def taking_in(status: dict[str, Any] | None = None, **spec: Any) -> Dataset:
    """Return a Dataset with captured rows."""
    return dataset({"capture": status} if status else None, source=CAPTURE, **spec)


def days(*numbers: int) -> list[TimeRange]:
    """Return the windows of days."""
    return [TimeRange(start=day(number), end=day(number + 1)) for number in numbers]


@pytest.mark.parametrize(
    ("subject", "monitors", "through", "excluded"),
    [
        pytest.param(dataset(), [decided(3)], None, [], id="a Dataset of a file alone"),
        pytest.param(taking_in(), [], None, [], id="nobody watches"),
        pytest.param(taking_in(), [decided()], None, [], id="nothing is decided"),
        pytest.param(taking_in(), [decided(faults=[2])], None, [], id="faults alone"),
        pytest.param(taking_in(), [decided(3)], day(4), [], id="a decision"),
        pytest.param(
            taking_in(), [decided(3), decided(5)], day(6), [], id="the newest of two decisions"
        ),
        pytest.param(
            taking_in(), [decided(3, suspend=True)], None, [], id="a suspended DriftMonitor"
        ),
        pytest.param(taking_in(), [decided(3, model="cars")], None, [], id="another Model's"),
        pytest.param(
            taking_in(),
            [decided(3, faults=[0, 2, 7])],
            day(4),
            days(0, 2),
            id="windows with faults before the decided one's end",
        ),
        pytest.param(
            taking_in(),
            [decided(3, faults=[3, 4])],
            day(4),
            days(3),
            id="faults that go on after the decided window",
        ),
        pytest.param(
            taking_in(), [decided(3), decided(faults=[2])], day(4), days(2), id="found by another"
        ),
        pytest.param(taking_in(DAY_3), [], day(4), days(1), id="a decision that is long served"),
        pytest.param(
            taking_in(DAY_3), [decided(2)], day(4), days(1), id="an older decision than the last"
        ),
        pytest.param(
            taking_in(DAY_3),
            [decided(3, faults=[2])],
            day(4),
            days(1),
            id="a fault that is found after the decision starts nothing",
        ),
        pytest.param(
            taking_in(DAY_3 | {"faultWindows": days(1)}),
            [decided(6, faults=[4])],
            day(7),
            days(1, 4),
            id="what earlier snapshots left out stays out",
        ),
        pytest.param(
            taking_in(DAY_3 | {"model": "cars"}), [], None, [], id="what is known of another Model"
        ),
    ],
)
def test_what_is_due(
    subject: Dataset,
    monitors: list[DriftMonitor],
    through: datetime | None,
    excluded: list[TimeRange],
) -> None:
    plan = due_capture(subject, monitors)
    assert (plan.through if plan else None) == through
    assert (plan.excluded if plan else []) == excluded


def test_the_policy_is_the_specs() -> None:
    plan = due_capture(taking_in(), [decided(3)])
    assert plan is not None
    assert (plan.model, plan.policy, plan.window_seconds) == (
        "bikes",
        "SlidingWindow",
        30 * 86_400,
    )


def test_an_ingest_at_work_keeps_what_it_was_told() -> None:
    subject = taking_in()
    status = {
        "ingestId": f"{rules_id(subject)}-cause",
        "conditions": [condition("Reconciling")],
        "capture": DAY_3,
    }
    at_work = dataset(status, source=CAPTURE)
    plan = due_capture(at_work, [decided(6, faults=[5])])
    assert plan is not None
    assert (plan.through, plan.excluded) == (day(4), days(1))


def test_faults_are_remembered_without_a_decision() -> None:
    first = capture_status(taking_in(), [decided(faults=[2, 3])])
    assert first is not None
    assert first.fault_windows == [TimeRange(start=day(2), end=day(4))]
    assert first.through is None
    later = capture_status(taking_in(first.to_wire()), [decided(20, faults=[15])])
    assert later is not None
    assert later.excluded == later.fault_windows == [*first.fault_windows, *days(15)]


def test_nothing_new_changes_nothing() -> None:
    seen = [decided(6, faults=[2])]
    first = capture_status(taking_in(), seen)
    assert first is not None
    assert capture_status(taking_in(first.to_wire()), seen) == first


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param(days(4, 1), days(1, 4), id="in order"),
        pytest.param(days(1, 2), [TimeRange(start=day(1), end=day(3))], id="that touch"),
        pytest.param(
            [TimeRange(start=day(1), end=day(9)), *days(3)],
            [TimeRange(start=day(1), end=day(9))],
            id="one within another",
        ),
        pytest.param(days(1, 1), days(1), id="twice the same"),
    ],
)
def test_ranges(given: list[TimeRange], expected: list[TimeRange]) -> None:
    assert merge_ranges(given) == expected


def test_too_many_ranges_close_the_smallest_gaps() -> None:
    hour = timedelta(hours=1)
    near = TimeRange(start=day(4) - 2 * hour, end=day(4) - hour)
    merged = merge_ranges([*days(*range(0, 2 * MOST_RANGES, 2)), near])
    assert len(merged) == MOST_RANGES
    assert TimeRange(start=near.start, end=day(5)) in merged
