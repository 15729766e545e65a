"""DriftMonitors that have evaluated windows and decided to retrain, in whole days."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from support.specs import DIGEST
from support.worlds import CREATED
from trimtab_operator.api.driftmonitor import DriftMonitor

CAPTURE: dict[str, Any] = {
    "uri": "raw/bikes.csv",
    "capture": {"model": "bikes", "policy": "SlidingWindow", "windowSeconds": 30 * 86_400},
}
"""A source that takes in the captured rows of Model `bikes`."""


def day(number: int) -> datetime:
    """Return the begin of the window of that day."""
    return CREATED + timedelta(days=number)


def decided(
    retrain: int | None = None, faults: Sequence[int] = (), model: str = "bikes", **spec: Any
) -> DriftMonitor:
    """Return a DriftMonitor.

    Args:
        retrain: day whose window a retrain is pending for.
        faults: days whose windows had a data fault, the only ones still evaluated.
        model: Model that is watched.
        **spec: other fields of its spec.
    """
    pending = {
        "triggerId": f"retrain-{retrain}",
        "windowEnd": day((retrain or 0) + 1),
        "baseline": DIGEST,
        "message": "Quality fell.",
        "since": CREATED,
    }
    return DriftMonitor.model_validate(
        {
            "metadata": {"name": "bikes", "namespace": "demo", "uid": "uid-m"},
            "spec": {"modelRef": {"name": model}} | spec,
            "status": {
                "evaluations": [_evaluation(number, faulty=True) for number in faults],
                "pending": None if retrain is None else pending,
            },
        }
    )


def _evaluation(number: int, *, faulty: bool) -> dict[str, Any]:
    fault = {"kind": "UnitChange", "feature": "temperature", "message": "degF"}
    return {
        "start": day(number),
        "end": day(number + 1),
        "version": DIGEST,
        "rows": 1000,
        "report": {"key": "monitoring/bikes/x.json", "digest": DIGEST, "size": 1},
        "faults": [fault] if faulty else [],
        "signals": [],
    }
