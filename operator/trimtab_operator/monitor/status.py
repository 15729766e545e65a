"""What the monitor writes into a DriftMonitor's status: what was measured, never a decision."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from trimtab_operator.monitor.targets import WINDOWS, Target
from trimtab_operator.storage.evaluations import Report
from trimtab_operator.storage.window_entry import reading, stamp, window_entry
from trimtab_stages.contract.monitoring import SignalValue


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
        "evaluations": [*target.evaluations, *map(window_entry, news)][-WINDOWS:],
    }


def advanced(target: Target, status: Mapping[str, Any]) -> Target:
    """Return a DriftMonitor as it will be read after its status was written."""
    return replace(
        target,
        evaluated_through=datetime.fromisoformat(status["evaluatedThrough"]),
        signals=tuple(status["signals"]),
        evaluations=tuple(status["evaluations"]),
    )


def _newest(signal: SignalValue) -> dict[str, Any]:
    return reading(signal) | {"kind": signal.kind.value, "message": signal.message}
