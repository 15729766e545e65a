"""What another field manager writes is neither compared nor applied."""

from typing import Any

import pytest

from trimtab_operator.api.kinds import DRIFT_MONITOR
from trimtab_operator.api.monitor_status import DriftMonitorStatus
from trimtab_operator.reconcile.foreign_status import without

STATUS = {"a": 1, "rollout": {"stage": "Shadow", "evidence": {"rows": 3}}}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        pytest.param((), STATUS, id="nothing is foreign"),
        pytest.param((("a",),), {"rollout": STATUS["rollout"]}, id="a field"),
        pytest.param(
            (("rollout", "evidence"),), {"a": 1, "rollout": {"stage": "Shadow"}}, id="a field below"
        ),
        pytest.param(
            (("rollout", "evidence"), ("rollout", "stage")), {"a": 1}, id="all fields below"
        ),
        pytest.param((("b",), ("rollout", "b")), STATUS, id="fields that are not there"),
        pytest.param((("a", "b"),), STATUS, id="a field below a number"),
    ],
)
def test_without(paths: tuple[tuple[str, ...], ...], expected: dict[str, Any]) -> None:
    before = repr(STATUS)

    assert without(STATUS, paths) == expected
    assert repr(STATUS) == before


def test_the_foreign_fields_of_a_monitor_are_fields_of_its_status() -> None:
    aliases = {field.alias for field in DriftMonitorStatus.model_fields.values()}

    assert {path[0] for path in DRIFT_MONITOR.foreign_status} <= aliases
    assert without(DriftMonitorStatus().to_wire(), DRIFT_MONITOR.foreign_status).keys() == {
        "observedGeneration",
        "conditions",
        "decisions",
        "retrains",
        "suppressed",
        "breaker",
    }
