from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.contract_samples import EVALUATION, artifact
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.monitor.status import status_of
from trimtab_operator.monitor.targets import Target, TrainedVersion
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.window_entry import decimal
from trimtab_stages.contract.monitoring import MonitorSpec

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TARGET = Target(
    namespace="demo",
    name="watch",
    uid="u",
    model="bikes",
    policy=MonitorSpec(),
    versions=(TrainedVersion(EVALUATION.version, "run-1", NOON),),
    flush_seconds=10,
    evaluated_through=None,
    signals=(),
    evaluations=(),
)


def report(number: int) -> Report:
    end = NOON + timedelta(hours=number)
    evaluation = EVALUATION.model_copy(update={"start": end - timedelta(hours=1), "end": end})
    return Report(evaluation, artifact(f"report-{number}"))


def parsed(status: dict[str, Any]) -> DriftMonitor:
    """Read the status as the operator does."""
    body = {
        "metadata": {"name": "watch", "namespace": "demo"},
        "spec": {"modelRef": {"name": "bikes"}},
        "status": status,
    }
    return DriftMonitor.model_validate(body)


def test_the_operator_understands_what_the_monitor_writes() -> None:
    status = parsed(status_of(TARGET, [report(1)], NOON + timedelta(hours=1))).status
    (window,) = status.evaluations
    assert (window.rows, window.labels, window.lost) == (3, 2, 1)
    assert (window.lost_rows, window.lost_flushes) == (0, 1)
    assert window.report == artifact("report-1")
    assert [fault.kind for fault in window.faults] == ["StuckSensor"]
    (reading,) = window.signals
    assert [str(one) for one in (reading.value, reading.low, reading.high)] == [
        "0.125",
        "-0.125",
        "0.375",
    ]
    (newest,) = status.signals
    assert (newest.kind, newest.message) == ("RealisedQuality", "worse by 0.125")
    assert status.evaluated_through == NOON + timedelta(hours=1)


def test_the_newest_twelve_windows_are_kept_newest_last() -> None:
    first = status_of(TARGET, map(report, range(1, 11)), NOON)
    told = replace(TARGET, evaluations=tuple(first["evaluations"]))
    then = status_of(told, map(report, range(11, 15)), NOON)
    ends = [one.end for one in parsed(then).status.evaluations]
    assert ends == [NOON + timedelta(hours=number) for number in range(3, 15)]


def test_windows_without_rows_move_the_end_alone() -> None:
    first = status_of(TARGET, [report(1)], NOON)
    signals, evaluations = tuple(first["signals"]), tuple(first["evaluations"])
    told = replace(TARGET, signals=signals, evaluations=evaluations)
    assert status_of(told, [], NOON + timedelta(hours=5)) == first | {
        "evaluatedThrough": "2026-11-22T17:00:00Z"
    }


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0.0, "0"),
        (-0.0, "0"),
        (1.0, "1"),
        (0.25, "0.25"),
        (1 / 3, "0.333333"),
        (-1e-9, "0"),
        (-0.5, "-0.5"),
        (100.0, "100"),
        (1e-5, "0.00001"),
    ],
)
def test_numbers_are_decimal_strings(number: float, text: str) -> None:
    assert decimal(number) == text
