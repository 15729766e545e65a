"""No retrain soon after a promotion or a retrain, counted in windows of event time."""

import pytest

from support.decisions import retrain, spec_of, window
from support.worlds import OTHER_DIGEST
from trimtab_operator.api.decision_reason import DecisionReason
from trimtab_operator.api.monitor_status import EvaluatedWindow, Retrain
from trimtab_operator.domain.cooldown import cooldown

OLD, NEW = OTHER_DIGEST, window(1).version


def versions(*digests: str) -> list[EvaluatedWindow]:
    return [window(number, digest=digest) for number, digest in enumerate(digests, start=1)]


@pytest.mark.parametrize(
    ("windows", "retrains", "length", "cooling"),
    [
        pytest.param(versions(NEW), [], 1, False, id="the first window of all"),
        pytest.param(versions(OLD, NEW), [], 1, True, id="the first window of a version"),
        pytest.param(versions(OLD, NEW, NEW), [], 1, False, id="the second window of a version"),
        pytest.param(versions(OLD, NEW, NEW), [], 2, True, id="the second of two to wait for"),
        pytest.param(versions(OLD, NEW), [], 0, False, id="no cooldown"),
        pytest.param(versions(NEW, NEW), [retrain(1)], 1, True, id="one window after a retrain"),
        pytest.param(versions(NEW, NEW, NEW), [retrain(1)], 1, False, id="two windows after it"),
        pytest.param(
            versions(NEW, NEW, NEW), [retrain(2), retrain(1)], 1, True, id="the later one counts"
        ),
        pytest.param(
            versions(NEW, NEW), [retrain(1, "Failed")], 1, True, id="a failed retrain counts"
        ),
        pytest.param(
            versions(NEW, NEW), [retrain(1, "Withdrawn")], 1, False, id="one that never ran"
        ),
        pytest.param(versions(NEW, NEW), [retrain(1)], 0, False, id="no cooldown after a retrain"),
    ],
)
def test_cooldown(
    windows: list[EvaluatedWindow], retrains: list[Retrain], length: int, *, cooling: bool
) -> None:
    found = cooldown(spec_of(guards={"cooldownWindows": length}), windows, retrains)

    assert (found is not None) is cooling
    assert found is None or found.reason is DecisionReason.COOLDOWN


def test_the_cause_is_told() -> None:
    after_retrain = cooldown(spec_of(), versions(NEW, NEW), [retrain(1)])
    after_promotion = cooldown(spec_of(), versions(OLD, NEW), [])

    assert after_retrain is not None
    assert after_retrain.message == (
        "Cooldown: a retrain was decided for the window that ended 2026-01-02T00:00:00Z."
    )
    assert after_promotion is not None
    assert after_promotion.message == (
        "Cooldown: this version serves since the window from 2026-01-02T00:00:00Z."
    )
