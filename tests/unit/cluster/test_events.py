from dataclasses import replace
from datetime import UTC, datetime

from trimtab_operator.cluster.events import Subject, event_name, micro_time
from trimtab_operator.domain.plan import Emit, EventType

MODEL = Subject("trimtab.dev/v1alpha1", "Model", "ns", "m", "uid", 1)
SAID = Emit(EventType.NORMAL, "Promoted", "Run x passed.")


def test_the_same_thing_said_again_has_the_same_name() -> None:
    later = replace(MODEL, generation=2)
    assert event_name(MODEL, SAID) == event_name(later, SAID)


def test_what_differs_has_another_name() -> None:
    said = [
        event_name(MODEL, SAID),
        event_name(replace(MODEL, uid="another"), SAID),
        event_name(MODEL, replace(SAID, message="Run y passed.")),
        event_name(MODEL, replace(SAID, reason="RolledBack")),
        event_name(MODEL, replace(SAID, type=EventType.WARNING)),
    ]
    assert len(set(said)) == len(said)
    assert all(name.startswith("m.") for name in said)


def test_micro_time_always_has_six_digits() -> None:
    assert micro_time(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02T00:00:00.000000Z"
