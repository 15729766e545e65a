"""What windows are judged against, and the reports of their evaluation, written once."""

import logging
from dataclasses import dataclass

import numpy as np

from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import canonical_json, digest_of, digest_of_bytes
from trimtab_stages.contract.monitoring import Evaluation, MonitorSpec
from trimtab_stages.contract.run import Commit
from trimtab_stages.contract.serving_plan import ReferenceProfile
from trimtab_stages.drift.merge import Counts
from trimtab_stages.store import ArtifactConflict, Store

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Judged:
    """A version and what its windows are compared with.

    Attributes:
        version: digest of its ONNX file.
        reference: cells and counts of its training rows.
        reference_digest: digest of the profile's file.
        classes: class names in index order.
        tested: confusion counts on the test split, [K, K]; rows are true classes.
    """

    version: str
    reference: ReferenceProfile
    reference_digest: str
    classes: tuple[str, ...]
    tested: Counts


@dataclass(frozen=True, slots=True)
class Report:
    """A stored report.

    Attributes:
        evaluation: its content.
        file: where it lies.
    """

    evaluation: Evaluation
    file: ArtifactRef


def read_judged(store: Store, run: str) -> Judged:
    """Return what a run's version is compared with.

    Raises:
        StoreError: the commit or the profile cannot be read.
        ValueError: one of them has another format.
    """
    commit = Commit.from_bytes(store.get(layout.run_commit(run)))
    file = commit.model.reference
    return Judged(
        version=commit.model.file.digest,
        reference=ReferenceProfile.from_bytes(store.get(file.key)),
        reference_digest=file.digest,
        classes=tuple(commit.model.classes),
        tested=np.array(commit.confusion.counts, dtype=np.int64),
    )


def keep_policy(store: Store, monitor: str, policy: MonitorSpec) -> None:
    """Store the windows and signals that reports are made with; raises `StoreError`."""
    key = layout.monitoring_policy(monitor, digest_of(policy))
    store.put_if_absent(key, canonical_json(policy.to_wire()))


def write_report(store: Store, evaluation: Evaluation) -> Report:
    """Store a report, whose policy is there; where the window has one already, adopt that.

    Raises:
        StoreError: the store cannot be written.
        ValueError: the report that is there has another format.
    """
    end = int(evaluation.end.timestamp())
    key = layout.evaluation(evaluation.monitor, evaluation.version, end)
    data = evaluation.to_bytes()
    try:
        store.put_if_absent(key, data)
    except ArtifactConflict:
        logger.info("the window has a report already; it is adopted", extra={"key": key})
        data = store.get(key)
    return parse_report(key, data)


def report_keys(store: Store, monitor: str) -> list[str]:
    """Return the keys of a DriftMonitor's reports, oldest window first.

    Raises:
        StoreError: the store does not answer.
    """
    prefix = layout.evaluations_prefix(monitor)
    keys = [entry.key for entry in store.list(prefix) if layout.is_evaluation(entry.key)]
    return sorted(keys, key=layout.end_of_evaluation)


def read_report(store: Store, key: str) -> Report:
    """Return a stored report.

    Raises:
        StoreError: it cannot be read.
        ValueError: it has another format.
    """
    return parse_report(key, store.get(key))


def parse_report(key: str, data: bytes) -> Report:
    """Return the report of stored bytes.

    Raises:
        ValueError: they have another format.
    """
    file = ArtifactRef(key=key, digest=digest_of_bytes(data), size=len(data))
    return Report(Evaluation.from_bytes(data), file)


def read_policy(store: Store, evaluation: Evaluation) -> MonitorSpec:
    """Return the windows and signals that a report was made with.

    Raises:
        StoreError: they cannot be read.
        ValueError: they have another format.
    """
    key = layout.monitoring_policy(evaluation.monitor, evaluation.policy)
    return MonitorSpec.model_validate_json(store.get(key))
