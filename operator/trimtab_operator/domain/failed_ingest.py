"""Ingests that failed for good, and what they mean for a retrain that waits for their rows."""

from datetime import datetime

from trimtab_operator.api.dataset import Dataset, FailedIngest
from trimtab_operator.api.monitor_status import Retrain, RetrainState
from trimtab_operator.domain.capture_plan import capture_plan
from trimtab_operator.domain.captured import covers
from trimtab_operator.domain.identity import ingest_id
from trimtab_operator.domain.pod_faults import Fault

MAX_MESSAGE = 1024


def failed_ingest(dataset: Dataset, ingest: str, why: Fault, now: datetime) -> FailedIngest:
    """Return what the status says of an ingest that failed; its first words stay.

    Args:
        dataset: its Dataset, with the status before.
        ingest: its identity.
        why: cause, object and next step.
        now: wall time.
    """
    known = dataset.status.failed_ingest
    if known is not None and known.ingest_id == ingest:
        return known
    return FailedIngest(
        ingest_id=ingest, reason=why.reason, message=why.message[:MAX_MESSAGE], time=now
    )


def unless_ingest_failed(retrain: Retrain, dataset: Dataset | None, now: datetime) -> Retrain:
    """Return a retrain that waits for captured rows, as failed where no ingest will bring them.

    That is so while the ingest that failed is the one that is due: an edit, a refresh or a newer
    decision makes another one due, and the retrain waits for that.

    Args:
        retrain: the retrain.
        dataset: of its Pipeline; None where it cannot be read.
        now: wall time.
    """
    if retrain.state is not RetrainState.PENDING or dataset is None:
        return retrain
    failed = _final_failure(dataset, retrain.window_end, now)
    if failed is None:
        return retrain
    name = dataset.metadata.name
    words = f"ingest `{failed.ingest_id}` of Dataset `{name}` failed: {failed.message}"
    return retrain.model_copy(
        update={
            "state": RetrainState.FAILED,
            "end_time": now,
            "reason": failed.reason,
            "message": words[:MAX_MESSAGE],
        }
    )


def _final_failure(dataset: Dataset, window_end: datetime, now: datetime) -> FailedIngest | None:
    """Return the failed ingest that a window's rows hang on, None where they may still come."""
    failed, snapshot = dataset.status.failed_ingest, dataset.status.snapshot
    plan = capture_plan(dataset, dataset.status.capture)
    if failed is None or plan is None or plan.through < window_end:
        return None
    if snapshot is not None and covers(snapshot, dataset, window_end):
        return None
    return failed if failed.ingest_id == ingest_id(dataset, now, plan) else None
