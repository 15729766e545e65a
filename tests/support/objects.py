"""Builds Trimtab's objects, and the commits that their pods would write."""

from typing import Any

from support.apiserver import Object
from support.contract_samples import COMMIT, NOON
from trimtab_operator.api.base import API_VERSION
from trimtab_stages.contract import layout
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.base import digest_of
from trimtab_stages.contract.capture import CapturePlan
from trimtab_stages.contract.gates import Estimate, Evidence, Metric
from trimtab_stages.contract.run import Commit, IngestCommit, RunSpec


def manifest(kind: str, namespace: str, name: str, spec: Object) -> Object:
    """Return an object of one of Trimtab's kinds."""
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": API_VERSION, "kind": kind, "metadata": metadata, "spec": spec}


def ingest_commit(dataset: str, ingest: str, capture: CapturePlan | None = None) -> IngestCommit:
    """Return the commit of an ingest; its snapshot is named from the ingest."""
    digest = digest_of([dataset, ingest])
    return IngestCommit(
        id=ingest,
        dataset=dataset,
        snapshot=digest,
        manifest=ArtifactRef(
            key=layout.snapshot_file(dataset, digest, "manifest.json"), digest=digest, size=1
        ),
        rows=100,
        newest_row=NOON,
        captured_rows=0 if capture is None else 10,
        captured_through=None if capture is None else capture.through,
    )


def run_commit(spec: RunSpec, gain: float = 0.05) -> Commit:
    """Return the commit of a run whose model passes parity.

    Args:
        spec: what the run was told.
        gain: balanced accuracy above the champion's; below -0.03 the gate fails.
    """
    compared = Estimate(
        metric=Metric.BALANCED_ACCURACY,
        value=gain,
        low=gain - 0.01,
        high=gain + 0.01,
        samples=1000,
    )
    digest = digest_of(["model", spec.run])
    file = ArtifactRef(key=layout.blob(digest), digest=digest, size=1)
    return COMMIT.model_copy(
        update={
            "run": spec.run,
            "trigger_id": spec.trigger_id,
            "snapshot": spec.snapshot,
            "evidence": Evidence(
                estimates=COMMIT.estimates,
                versus_champion=[compared] if spec.champion else None,
                parity_max_abs_error=1e-6,
                parity_rows=1000,
            ),
            "model": COMMIT.model.model_copy(update={"file": file}),
        }
    )


def conditions_of(body: Object) -> dict[str, Any]:
    """Return the conditions of an object as `type: (status, reason)`."""
    conditions = body.get("status", {}).get("conditions", [])
    return {item["type"]: (item["status"], item["reason"]) for item in conditions}
