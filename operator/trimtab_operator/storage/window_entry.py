"""What a DriftMonitor's status keeps of a report, and all that decisions see of it."""

from datetime import datetime
from typing import Any

from trimtab_operator.storage.evaluations import Report
from trimtab_stages.contract.base import StrictModel, UtcTime
from trimtab_stages.contract.monitoring import SignalValue

MOST_FAULTS = 16
DECIMALS = 6


class _Stamp(StrictModel):
    """Writes an instant as the contract does."""

    at: UtcTime


def stamp(instant: datetime) -> str:
    """Return an instant as RFC 3339 with `Z`."""
    return str(_Stamp(at=instant).to_wire()["at"])


def window_entry(report: Report) -> dict[str, Any]:
    """Return what the status keeps of a report: an EvaluatedWindow in wire form."""
    evaluation = report.evaluation
    return {
        "start": stamp(evaluation.start),
        "end": stamp(evaluation.end),
        "version": evaluation.version,
        "rows": evaluation.rows,
        "labels": evaluation.labels,
        "lost": evaluation.lost,
        "lostRows": evaluation.lost_rows,
        "lostFlushes": len(evaluation.silent),
        "report": report.file.to_wire(),
        "faults": [fault.to_wire() for fault in evaluation.faults[:MOST_FAULTS]],
        "signals": [reading(one) for one in evaluation.signals],
    }


def reading(signal: SignalValue) -> dict[str, Any]:
    """Return what a signal says as the status keeps it: numbers are decimal strings."""
    numbers = {
        "value": signal.value,
        "low": signal.low,
        "high": signal.high,
        "reference": signal.reference,
    }
    whose = {} if signal.reference_of is None else {"referenceOf": signal.reference_of.value}
    return {
        "name": signal.name,
        "state": signal.state.value,
        **{name: decimal(number) for name, number in numbers.items() if number is not None},
        **whose,
        "samples": signal.samples,
    }


def decimal(number: float) -> str:
    """Return a decimal string; minus zero and trailing zeros say nothing."""
    text = f"{number:.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
