"""What the monitor writes into a DriftMonitor's status: what was measured, never a decision."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from trimtab_operator.monitor.targets import WINDOWS, Target
from trimtab_operator.storage.evaluations import Report
from trimtab_stages.contract.base import StrictModel, UtcTime
from trimtab_stages.contract.monitoring import SignalValue

MOST_FAULTS = 16
DECIMALS = 6


class _Stamp(StrictModel):
    """Writes an instant as the contract does."""

    at: UtcTime


def status_of(
    target: Target, reports: Iterable[Report], evaluated_through: datetime
) -> dict[str, Any]:
    """Return the monitor's fields of the status after some more windows.

    Args:
        target: the DriftMonitor as it was read.
        reports: new reports, oldest first.
        evaluated_through: end of the newest window that is done.
    """
    news = list(reports)
    newest = [_newest(one) for one in news[-1].evaluation.signals] if news else target.signals
    return {
        "evaluatedThrough": stamp(evaluated_through),
        "signals": list(newest),
        "evaluations": [*target.evaluations, *map(_entry, news)][-WINDOWS:],
    }


def advanced(target: Target, status: Mapping[str, Any]) -> Target:
    """Return a DriftMonitor as it will be read after its status was written."""
    return replace(
        target,
        evaluated_through=datetime.fromisoformat(status["evaluatedThrough"]),
        signals=tuple(status["signals"]),
        evaluations=tuple(status["evaluations"]),
    )


def stamp(instant: datetime) -> str:
    """Return an instant as RFC 3339 with `Z`."""
    return str(_Stamp(at=instant).to_wire()["at"])


def _entry(report: Report) -> dict[str, Any]:
    evaluation = report.evaluation
    return {
        "start": stamp(evaluation.start),
        "end": stamp(evaluation.end),
        "version": evaluation.version,
        "rows": evaluation.rows,
        "labels": evaluation.labels,
        "lost": evaluation.lost,
        "lostRows": evaluation.lost_rows,
        "report": report.file.to_wire(),
        "faults": [fault.to_wire() for fault in evaluation.faults[:MOST_FAULTS]],
        "signals": [reading(one) for one in evaluation.signals],
    }


def reading(signal: SignalValue) -> dict[str, Any]:
    """Return what a signal says as the status keeps it: numbers are decimal strings."""
    numbers = {"value": signal.value, "low": signal.low, "high": signal.high}
    return {
        "name": signal.name,
        "state": signal.state.value,
        **{name: decimal(number) for name, number in numbers.items() if number is not None},
        "samples": signal.samples,
    }


def _newest(signal: SignalValue) -> dict[str, Any]:
    return reading(signal) | {"kind": signal.kind.value, "message": signal.message}


def decimal(number: float) -> str:
    """Return a decimal string; minus zero and trailing zeros say nothing."""
    text = f"{number:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
