from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from support.specs import changed, dataset_spec
from trimtab_operator.api.base import Status
from trimtab_operator.api.kinds import DATASET
from trimtab_operator.domain.conditions import Moment
from trimtab_operator.errors import Conflict, NameTaken, RecordNotWritten, Refused
from trimtab_operator.reconcile.report import is_own_fault, verdicts_of, with_verdicts

MOMENT = Moment(7, datetime(2026, 1, 1, tzinfo=UTC))


def invalid(spec: dict[str, Any], status: dict[str, Any] | None = None) -> ValidationError:
    body = {"metadata": {"name": "d"}, "spec": spec, "status": status or {}}
    with pytest.raises(ValidationError) as caught:
        DATASET.parse(body)
    return caught.value


def conditions(fault: Exception) -> dict[str, tuple[str, str]]:
    after = with_verdicts(Status(), verdicts_of(DATASET, fault), MOMENT)
    assert after.observed_generation == 7
    return {item.type: (item.status, item.reason) for item in after.conditions}


def test_an_invalid_spec_names_the_field_and_stalls() -> None:
    fault = invalid(changed(dataset_spec(), "target.horizonSteps", -1))
    assert conditions(fault) == {
        "Ready": ("False", "InvalidSpec"),
        "Stalled": ("True", "InvalidSpec"),
        "Validated": ("False", "InvalidSpec"),
    }
    message = verdicts_of(DATASET, fault)[0].message
    assert "`spec.target.horizonSteps`" in message
    assert "apply the manifest again" in message


def test_many_faults_are_counted_not_listed() -> None:
    spec = dataset_spec() | {f"wrong{number}": 1 for number in range(9)}
    assert "and 6 more" in verdicts_of(DATASET, invalid(spec))[0].message


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        pytest.param(
            NameTaken("Job/x exists"),
            {"Ready": ("False", "NameCollision"), "Stalled": ("True", "NameCollision")},
            id="a child's name is taken",
        ),
        pytest.param(
            Refused("403 quota", 403),
            {"Ready": ("False", "Refused"), "Reconciling": ("True", "Refused")},
            id="the API server refuses",
        ),
        pytest.param(
            RecordNotWritten("audit store: gone"),
            {"Ready": ("False", "AuditUnwritable"), "Reconciling": ("True", "AuditUnwritable")},
            id="the audit chain cannot be written",
        ),
        pytest.param(Conflict("409"), {}, id="a conflict is only tried again"),
    ],
)
def test_a_fault_becomes_conditions(fault: Exception, expected: dict[str, tuple[str, str]]) -> None:
    assert conditions(fault) == expected


def test_what_the_status_said_before_is_kept() -> None:
    before = with_verdicts(Status(), verdicts_of(DATASET, NameTaken("x")), MOMENT)
    after = with_verdicts(before, verdicts_of(DATASET, Refused("y", 403)), MOMENT)
    assert {item.type for item in after.conditions} == {"Ready", "Reconciling"}


def test_a_status_that_cannot_be_read_is_nobodys_fault_but_ours() -> None:
    assert is_own_fault(invalid(dataset_spec(), {"observedGeneration": "x"}))
    assert not is_own_fault(invalid(changed(dataset_spec(), "target.horizonSteps", -1)))
