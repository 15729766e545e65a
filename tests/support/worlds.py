"""Objects and observed worlds for tests of decisions: the smallest ones, changed by keyword."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from support.specs import DIGEST, dataset_spec, model_spec, pipeline_spec, pipelinerun_spec
from trimtab_operator.api.dataset import Dataset, SnapshotStatus
from trimtab_operator.api.model import Model, Version
from trimtab_operator.api.pipeline import Pipeline
from trimtab_operator.api.pipelinerun import PipelineRun
from trimtab_operator.domain.conditions import Verdict
from trimtab_operator.domain.identity import rules_id
from trimtab_operator.domain.observed import JobView, PodView, Release, StorageView
from trimtab_operator.domain.plan import Action, Apply, Create, Delete, Emit, Nudge, Plan, Record
from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.gates import Evidence, Outcome
from trimtab_stages.contract.run import Commit, ConfusionMatrix, IngestCommit, ModelArtifact

CREATED = datetime(2026, 1, 1, tzinfo=UTC)
NOW = CREATED + timedelta(hours=1)
OTHER_DIGEST = f"sha256:{'b' * 64}"
RELEASE = Release(
    ingest_image="trimtab/ingest:1",
    train_image="trimtab/train:1",
    server_image="trimtab/server:1",
    image_pull_policy="IfNotPresent",
    code_version="1",
    storage_secret="trimtab-storage",  # noqa: S106 - the name of a Secret
)
STORE = StorageView(configured=True)
NO_STORE = StorageView(configured=False)
LOST_STORE = StorageView(
    configured=True, reachable=False, reason="StoreUnreachable", message="s3.test does not answer."
)


def later(seconds: float) -> datetime:
    """Return the time so many seconds after NOW."""
    return NOW + timedelta(seconds=seconds)


def condition(kind: str, status: str = "True", reason: str = "Because") -> dict[str, Any]:
    """Return a condition in wire form."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": f"{reason}.",
        "lastTransitionTime": CREATED,
    }


def dataset(status: dict[str, Any] | None = None, **spec: Any) -> Dataset:
    """Return a Dataset; `annotations` is taken for its metadata."""
    return Dataset.model_validate(_body("bikes", dataset_spec(), status, spec))


def pipeline(status: dict[str, Any] | None = None, **spec: Any) -> Pipeline:
    """Return a Pipeline; `annotations` is taken for its metadata."""
    return Pipeline.model_validate(_body("bikes", pipeline_spec(), status, spec))


def model(status: dict[str, Any] | None = None, **spec: Any) -> Model:
    """Return a Model."""
    return Model.model_validate(_body("bikes", model_spec(), status, spec))


def run(
    name: str = "bikes-3f9a1c20d7",
    status: dict[str, Any] | None = None,
    created: datetime = CREATED,
    **spec: Any,
) -> PipelineRun:
    """Return a PipelineRun."""
    body = _body(name, pipelinerun_spec(), status, spec)
    body["metadata"]["creationTimestamp"] = created
    return PipelineRun.model_validate(body)


def finished(gates: str = "True", reason: str = "Passed", **more: Any) -> dict[str, Any]:
    """Return the status of a run with a commit."""
    conditions = [condition("Complete"), condition("GatesPassed", gates, reason)]
    return {"conditions": conditions, "modelDigest": DIGEST, "completionTime": CREATED} | more


def failed(reason: str = "OutOfMemory") -> dict[str, Any]:
    """Return the status of a run without a commit."""
    return {"conditions": [condition("Complete", "False"), condition("Failed", reason=reason)]}


def snapshot(digest: str = DIGEST, ingest_id: str = "rules-cause") -> SnapshotStatus:
    """Return the snapshot of a Dataset's status."""
    return SnapshotStatus(
        digest=digest,
        ingest_id=ingest_id,
        manifest=ArtifactRef(key="snapshots/bikes/manifest.json", digest=digest, size=1),
        rows=1000,
        quarantined=3,
        newest_row_time=CREATED,
        committed_time=CREATED,
    )


@cache
def ingested(digest: str = DIGEST) -> Dataset:
    """Return a Dataset with a snapshot by its present rules."""
    rules = rules_id(dataset())
    return dataset({"snapshot": snapshot(digest, f"{rules}-cause")})


def ingest_commit(ingest_id: str, digest: str = DIGEST) -> IngestCommit:
    """Return the commit of an ingest."""
    return IngestCommit(
        id=ingest_id,
        dataset="bikes",
        snapshot=digest,
        manifest=ArtifactRef(key="snapshots/bikes/manifest.json", digest=digest, size=1),
        rows=1000,
        rows_quarantined=3,
        newest_row=CREATED,
    )


def version(run_name: str | None = "bikes-3f9a1c20d7", digest: str = DIGEST) -> Version:
    """Return a version that serves."""
    return Version(digest=digest, key="blobs/aa/model.onnx", run=run_name, since=CREATED)


def commit(run_name: str = "bikes-3f9a1c20d7", evidence: Evidence | None = None) -> Commit:
    """Return a run's commit; without evidence its parity holds and there is no champion."""
    ref = ArtifactRef(key="blobs/aa/model.onnx", digest=DIGEST, size=1)
    return Commit(
        run=run_name,
        trigger_id="3f9a1c20d7",
        snapshot=DIGEST,
        stages=[],
        evidence=evidence or Evidence(parity_max_abs_error=1e-6, parity_rows=100),
        gates=[],
        outcome=Outcome.PASSED,
        confusion=ConfusionMatrix(classes=["0", "1"], counts=[[5, 1], [1, 5]]),
        model=ModelArtifact(
            file=ref, threshold=0.5, classes=["0", "1"], features=[], golden=ref, reference=ref
        ),
    )


def pod(name: str = "pod-0", **changes: Any) -> PodView:
    """Return a pod that runs."""
    view = PodView(name=name, uid=name, phase="Running", created=NOW, image="trimtab/train:1")
    return replace(view, **changes)


def job(*pods: PodView, **changes: Any) -> JobView:
    """Return a Job with its pods."""
    view = JobView(name="bikes-3f9a1c20d7", uid="job", created=CREATED, active=1, pods=pods)
    return replace(view, **changes)


def verdict_texts(verdicts: list[Verdict]) -> list[str]:
    """Return verdicts as `Type=Status Reason: message`."""
    return [f"{v.type}={v.status} {v.reason}: {v.message}" for v in verdicts]


def told(plan: Plan) -> dict[str, str]:
    """Return the conditions of a plan's status as `type: status reason`."""
    return {item.type: f"{item.status} {item.reason}" for item in plan.status.conditions}


def message(plan: Plan, kind: str) -> str:
    """Return the message of a condition of a plan's status."""
    found = plan.status.condition(kind)
    return found.message if found is not None else ""


def steps(plan: Plan) -> list[str]:
    """Return a plan's actions in short words, in order."""
    return [_step(action) for action in plan.actions]


def _step(action: Action) -> str:
    match action:
        case Apply() | Create():
            name = action.manifest["metadata"]["name"]
            return f"{type(action).__name__} {action.manifest['kind']}/{name}"
        case Delete():
            return f"Delete {action.kind}/{action.name}"
        case Nudge():
            return f"Nudge {', '.join(action.pods)}"
        case Emit():
            return f"Emit {action.reason}"
        case Record():
            return f"Record {action.action}"


def _body(
    name: str, spec: dict[str, Any], status: dict[str, Any] | None, changes: dict[str, Any]
) -> dict[str, Any]:
    annotations = changes.pop("annotations", {})
    generation = changes.pop("generation", 1)
    metadata = {
        "name": name,
        "namespace": "demo",
        "uid": "uid-1",
        "generation": generation,
        "creationTimestamp": CREATED,
        "annotations": annotations,
    }
    wanted = {key: value for key, value in (spec | changes).items() if value is not None}
    return {"metadata": metadata, "spec": wanted, "status": status or {}}
