"""Identities of causes: the same cause has the same id, so it can never act twice."""

import hashlib
from datetime import datetime

from trimtab_operator.api.conditions import ConditionType
from trimtab_operator.api.dataset import Dataset, SnapshotStatus
from trimtab_operator.api.driftmonitor import DriftMonitor
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.domain.essence import essence
from trimtab_operator.domain.schedule import last_tick
from trimtab_operator.manifests import labels, names
from trimtab_stages.contract.base import canonical_json
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.run import TriggerType

RULES_CHARS = 12
CAUSE_CHARS = 8
TRIGGER_CHARS = 40


def ingest_id(dataset: Dataset, now: datetime, capture: CapturePlan | None = None) -> str:
    """Return the identity of the ingest that is due: `<rules>-<cause>`.

    `rules` is a hash of the Dataset's uid, source and rules; `cause` of its newest refresh time,
    of its refresh request and of the captured rows to add. While an ingest with these rules is at
    work, its id stays: a refresh, a request or a decision that comes meanwhile takes its turn
    afterwards.
    """
    at_work = ingest_at_work(dataset)
    return at_work or f"{rules_id(dataset)}-{_cause_id(dataset, now, capture)}"


def ingest_at_work(dataset: Dataset) -> str | None:
    """Return the identity of the ingest by the present rules that is at work, or None.

    One whose snapshot or failure is known has ended: the next one may wait for the store meanwhile.
    """
    ended = (dataset.status.snapshot, dataset.status.failed_ingest)
    working = dataset.status.condition(ConditionType.RECONCILING)
    at_work = dataset.status.ingest_id
    if at_work is None or any(item is not None and item.ingest_id == at_work for item in ended):
        return None
    by_rules = at_work.startswith(f"{rules_id(dataset)}-")
    return at_work if by_rules and working is not None and working.status == "True" else None


def rules_id(dataset: Dataset) -> str:
    """Return the hash of everything that decides what a snapshot contains."""
    spec = dataset.spec
    return _hash(dataset.metadata.uid, essence(spec.source), essence(spec.rules()))[:RULES_CHARS]


def follows_rules(snapshot: SnapshotStatus, dataset: Dataset) -> bool:
    """Return whether a snapshot was made by the Dataset's present source and rules."""
    return snapshot.ingest_id.startswith(f"{rules_id(dataset)}-")


def _cause_id(dataset: Dataset, now: datetime, capture: CapturePlan | None) -> str:
    tick = last_tick(dataset.metadata.creation_timestamp, dataset.spec.refresh_seconds, now)
    request = dataset.metadata.annotations.get(labels.REFRESH_REQUESTED, "")
    rows = [capture.to_wire()] if capture is not None else []
    return _hash(tick.isoformat() if tick else "", request, *rows)[:CAUSE_CHARS]


def trigger_id(pipeline: Pipeline, trigger: TriggerType, *cause: object) -> str:
    """Return the identity of a cause of runs.

    Args:
        pipeline: its uid is part of the identity; its generation and its other fields are not.
        trigger: kind of the cause.
        *cause: what makes this cause this one: JSON values.
    """
    return _hash(pipeline.metadata.uid, trigger.value, *cause)[:TRIGGER_CHARS]


def verdict_id(
    pipeline: Pipeline | None, monitor: DriftMonitor, baseline: str, window_end: datetime
) -> str:
    """Return the identity of what a DriftMonitor decides for a window.

    It is the id of the run that a retrain starts, and of the decision's record whatever it is.

    Args:
        pipeline: Pipeline of the Model; none for a user's own file.
        monitor: its uid and its generation, which counts changes of the policy.
        baseline: digest of the champion that the window was judged against.
        window_end: end of the window.
    """
    uid = pipeline.metadata.uid if pipeline is not None else ""
    metadata = monitor.metadata
    cause = (metadata.uid, baseline, metadata.generation, window_end.isoformat())
    return _hash(uid, TriggerType.VERDICT.value, *cause)[:TRIGGER_CHARS]


def run_name(pipeline: str, trigger_id: str) -> str:
    """Return the name of the PipelineRun that a cause starts."""
    return names.run_name(pipeline, trigger_id)


def _hash(*parts: object) -> str:
    return hashlib.sha256(canonical_json(list(parts))).hexdigest()
