"""Evaluated windows, DriftMonitors and their worlds, for tests of what follows from them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from support.specs import DIGEST, drift_monitor_spec
from support.worlds import CREATED, NOW, RELEASE, STORE, ingested, model, pipeline, version
from trimtab_operator.api.driftmonitor import DriftMonitor, DriftMonitorSpec
from trimtab_operator.api.monitor_status import (
    EvaluatedWindow,
    PendingRetrain,
    Retrain,
    RetrainState,
)
from trimtab_operator.domain.fleet_brake import Fleet
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.observed import ObservedDriftMonitor
from trimtab_stages.contract.artifact import ArtifactRef

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)
REPORT = ArtifactRef(key="monitoring/bikes/aa/1.json", digest=DIGEST, size=1)
QUALITY = {"low": "0.01", "high": "0.2"}


def reading(name: str, value: str | None, state: str = "Measured", **more: Any) -> dict[str, Any]:
    """Return what a signal says of one window."""
    found = {"name": name, "state": state, "samples": 500, **more}
    return found | ({"value": value} if value is not None else {})


def window(
    number: int,
    *,
    digest: str = DIGEST,
    faults: str | None = "0",
    inputs: str | None = "0",
    quality: str | None = "0",
    **more: Any,
) -> EvaluatedWindow:
    """Return the evaluation of day `number`, counted from 1; None is a signal without a value.

    A quality above 0 is no chance, one of 0 is.
    """
    interval = QUALITY if quality is not None and float(quality) > 0 else {"low": "-0.1"}
    readings = {"faults": (faults, {}), "inputs": (inputs, {}), "quality": (quality, interval)}
    signals = [
        reading(name, value, "Measured" if value is not None else "Insufficient", **extra)
        for name, (value, extra) in readings.items()
    ]
    return EvaluatedWindow.model_validate(
        {
            "start": FIRST + (number - 1) * DAY,
            "end": FIRST + number * DAY,
            "version": digest,
            "rows": 1000,
            "report": REPORT,
            "signals": signals,
        }
        | more
    )


def end_of(number: int) -> datetime:
    """Return the end of day `number`."""
    return FIRST + number * DAY


def monitor(
    *windows: EvaluatedWindow, status: dict[str, Any] | None = None, **spec: Any
) -> DriftMonitor:
    """Return a DriftMonitor with these evaluations; `annotations` is taken for its metadata.

    Its mode is Act unless another is given.
    """
    annotations = spec.pop("annotations", {})
    metadata = {
        "name": spec.pop("name", "bikes"),
        "namespace": "demo",
        "uid": spec.pop("uid", "uid-m"),
        "generation": spec.pop("generation", 1),
        "creationTimestamp": CREATED,
        "annotations": annotations,
    }
    measured = {"evaluations": windows} if windows else {}
    body = {
        "metadata": metadata,
        "spec": drift_monitor_spec() | {"mode": "Act"} | spec,
        "status": measured | (status or {}),
    }
    return DriftMonitor.model_validate(body)


def spec_of(**spec: Any) -> DriftMonitorSpec:
    """Return the spec of a DriftMonitor."""
    return monitor(**spec).spec


def rule(**fields: Any) -> dict[str, Any]:
    """Return a rule on the realised quality, changed by keyword."""
    return {"name": "worse", "signal": "quality", "value": "0.05", "outcome": "Retrain"} | fields


def retrain(number: int, state: str = "Passed", **fields: Any) -> Retrain:
    """Return the retrain that was decided for day `number`, an hour of wall time ago."""
    ended = {} if state in {"Pending", "Running"} else {"endTime": NOW - timedelta(hours=1)}
    return Retrain.model_validate(
        {
            "triggerId": f"trigger-{number}",
            "windowEnd": end_of(number),
            "time": NOW - timedelta(hours=1),
            "state": RetrainState(state),
        }
        | ended
        | fields
    )


def pending(number: int = 1, digest: str = DIGEST, trigger_id: str = "") -> PendingRetrain:
    """Return the pending retrain of day `number`."""
    return PendingRetrain(
        trigger_id=trigger_id or f"trigger-{number}",
        window_end=end_of(number),
        baseline=digest,
        message="Quality fell.",
        since=NOW,
    )


def monitored_world(**parts: Any) -> ObservedDriftMonitor:
    """Return a world whose Model serves a version of its Pipeline, and no other DriftMonitor."""
    found: dict[str, Any] = {
        "release": RELEASE,
        "storage": STORE,
        "model": model({"champion": version()}),
        "pipeline": pipeline(),
        "dataset": ingested(),
        "fleet": Fleet(4),
    }
    return ObservedDriftMonitor(**(found | parts))


def scene(
    subject: DriftMonitor, seen: ObservedDriftMonitor | None = None, now: datetime = NOW
) -> MonitorScene:
    """Return the scene of a DriftMonitor before anything was decided."""
    return MonitorScene(subject, seen or monitored_world(), now, subject.status)


def days(count: int, **fields: Any) -> Sequence[EvaluatedWindow]:
    """Return so many equal windows, one after another."""
    return [window(number, **fields) for number in range(1, count + 1)]
