"""Who has the next step of a pending retrain whose run has not started, and what keeps it."""

from collections.abc import Iterator
from datetime import datetime

from trimtab_operator.api.base import Status
from trimtab_operator.api.conditions import ConditionType, Reason
from trimtab_operator.api.dataset import Dataset
from trimtab_operator.api.pipeline import AutomaticTrigger, Pipeline
from trimtab_operator.domain.captured import covers
from trimtab_operator.domain.conditions import Truth
from trimtab_operator.domain.identity import follows_rules
from trimtab_operator.domain.monitor_scene import MonitorScene
from trimtab_operator.domain.pod_faults import Fault
from trimtab_operator.domain.promotion import is_being_replaced
from trimtab_operator.domain.triggers import waits_for_rollouts

ON_ITS_WAY = frozenset({Reason.INGESTING, Reason.RUN_STARTED})
"""Reasons of Reconciling that need nobody."""


def next_step(scene: MonitorScene, window_end: datetime) -> Fault:
    """Return what a pending retrain waits for: `RetrainWaits` where it needs a person's eye.

    Args:
        scene: the DriftMonitor.
        window_end: end of the window that the retrain was decided for.
    """
    found = next(_obstacles(scene, window_end), None)
    if found is not None:
        return Fault(Reason.RETRAIN_WAITS, f"It waits: {found}")
    return Fault(Reason.RETRAIN_DECIDED, f"Now {_at_work(scene)}.")


def _obstacles(scene: MonitorScene, window_end: datetime) -> Iterator[str]:
    """Yield what keeps the run from starting, with cause, object and next step."""
    if scene.monitor.spec.suspend:
        yield f"DriftMonitor `{scene.name}` is suspended; set its `spec.suspend` to false."
    dataset, pipeline = scene.seen.dataset, scene.seen.pipeline
    if dataset is not None and not _has_rows(dataset, window_end):
        yield from _rows_of_another(dataset, scene.monitor.spec.model_ref.name)
        yield from _said("Dataset", dataset.metadata.name, dataset.status)
    if pipeline is not None:
        yield from _without_trigger(pipeline)
        yield from _said("Pipeline", pipeline.metadata.name, pipeline.status)
        if dataset is None:
            name = pipeline.spec.dataset_ref.name
            yield f"Dataset `{name}` does not exist or is invalid; create it, or correct it."


def _has_rows(dataset: Dataset, window_end: datetime) -> bool:
    snapshot = dataset.status.snapshot
    usable = snapshot is not None and follows_rules(snapshot, dataset)
    return usable and snapshot is not None and covers(snapshot, dataset, window_end)


def _rows_of_another(dataset: Dataset, model: str) -> Iterator[str]:
    capture = dataset.spec.source.capture
    if capture is not None and capture.model != model:
        yield (
            f"Dataset `{dataset.metadata.name}` takes in rows of Model `{capture.model}`; name "
            f"`{model}` in its `spec.source.capture.model`."
        )


def _said(kind: str, name: str, status: Status) -> Iterator[str]:
    """Yield what an object says of itself where it does not get on."""
    for condition in (ConditionType.STALLED, ConditionType.PAUSED, ConditionType.RECONCILING):
        found = status.condition(condition)
        if found is not None and found.status == Truth.TRUE and found.reason not in ON_ITS_WAY:
            yield (
                f"{kind} `{name}` says {found.reason}: {found.message} `kubectl describe "
                f"{kind.lower()} {name}` has the rest."
            )


def _without_trigger(pipeline: Pipeline) -> Iterator[str]:
    if AutomaticTrigger.VERDICT not in {trigger.type for trigger in pipeline.spec.triggers}:
        name = pipeline.metadata.name
        yield (
            f"Pipeline `{name}` starts no run for it; add `- type: Verdict` to its `spec.triggers`."
        )


def _at_work(scene: MonitorScene) -> str:
    pipeline, dataset, model = scene.seen.pipeline, scene.seen.dataset, scene.seen.model
    if (
        model is not None
        and waits_for_rollouts(scene.monitor)
        and is_being_replaced(model, scene.runs)
    ):
        rollout = f"Model `{model.metadata.name}` has to promote or to roll back another version"
        return (
            f"{rollout} first; `kubectl describe model {model.metadata.name}` tells how far it is"
        )
    name = pipeline.metadata.name if pipeline is not None else ""
    if dataset is not None and dataset.spec.source.capture is not None:
        return f"Dataset `{dataset.metadata.name}` or Pipeline `{name}` has the next step"
    return f"Pipeline `{name}` starts the run"
