"""A person accepts exactly what is suggested."""

from typing import Any

import pytest

from support.decisions import monitor, pending, retrain, scene
from support.worlds import NOW, steps
from trimtab_operator.domain.plan import Plan, Record
from trimtab_operator.domain.suggestion import accept_suggestion, unknown_acceptance

SUGGESTED = {"suggestion": pending()}
ACCEPT = {"trimtab.dev/accept": "trigger-1"}


def decision(outcome: str, trigger_id: str = "trigger-1") -> dict[str, Any]:
    """Return a decision of the status."""
    return {
        "windowEnd": pending().window_end,
        "outcome": outcome,
        "reason": "RuleHolds",
        "message": "Quality fell.",
        "version": pending().baseline,
        "triggerId": trigger_id,
        "time": NOW,
    }


@pytest.mark.parametrize(
    ("status", "annotations", "spec", "accepted"),
    [
        pytest.param(SUGGESTED, ACCEPT, {}, True, id="the id is named"),
        pytest.param(SUGGESTED, {}, {}, False, id="nobody accepts"),
        pytest.param(SUGGESTED, {"trimtab.dev/accept": "x"}, {}, False, id="another id is named"),
        pytest.param({}, ACCEPT, {}, False, id="nothing is suggested"),
        pytest.param(
            SUGGESTED | {"pending": pending(2), "retrains": [retrain(2, "Running")]},
            ACCEPT,
            {},
            False,
            id="a retrain is pending already",
        ),
        pytest.param(SUGGESTED, ACCEPT, {"suspend": True}, False, id="it is suspended"),
    ],
)
def test_acceptance(
    status: dict[str, Any], annotations: dict[str, str], spec: dict[str, Any], *, accepted: bool
) -> None:
    subject = monitor(status=status, annotations=annotations, mode="Suggest", **spec)
    found = accept_suggestion(scene(subject))

    assert ([item for item in found.actions if isinstance(item, Record)] != []) is accepted
    assert (found.status.last_handled_acceptance == "trigger-1") is accepted


def test_what_is_accepted_becomes_pending_and_is_recorded_first() -> None:
    last = decision("Suggest")
    other = decision("Wait", "trigger-0")
    subject = monitor(
        status=SUGGESTED | {"decision": last, "decisions": [other, last]}, annotations=ACCEPT
    )
    found = accept_suggestion(scene(subject))

    assert steps(Plan(found.status, found.actions)) == [
        "Record RetrainAccepted",
        "Emit RetrainAccepted",
    ]
    assert found.status.suggestion is None
    assert found.status.pending is not None
    assert found.status.pending.trigger_id == "trigger-1"
    assert found.status.pending.message == "A person accepted: Quality fell."
    assert [item.state for item in found.status.retrains] == ["Pending"]
    assert found.status.decision is not None
    assert (found.status.decision.outcome, found.status.decision.reason) == ("Retrain", "Accepted")
    assert [item.outcome for item in found.status.decisions] == ["Wait", "Retrain"]


@pytest.mark.parametrize(
    ("named", "told"),
    [
        pytest.param("", False, id="none"),
        pytest.param("trigger-1", False, id="the suggestion"),
        pytest.param("trigger-0", False, id="the one before, which was accepted"),
        pytest.param("trigger-9", True, id="one that nobody knows"),
    ],
)
def test_an_unknown_id_is_told(named: str, *, told: bool) -> None:
    status = SUGGESTED | {"lastHandledAcceptance": "trigger-0"}
    annotations = {"trimtab.dev/accept": named} if named else {}

    assert bool(unknown_acceptance(scene(monitor(status=status, annotations=annotations)))) is told
