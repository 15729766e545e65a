"""One full value of every stored format, for golden files and round trips.

`PYTHONPATH=tests python -m support.contract_samples` writes the golden files anew; do so only
together with a new schema version, or for a field that old readers may ignore.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from trimtab_stages.contract.artifact import ArtifactRef
from trimtab_stages.contract.audit import (
    GENESIS,
    AuditAction,
    AuditEvidence,
    AuditObject,
    AuditRecord,
    seal,
)
from trimtab_stages.contract.base import StoredModel, StrictModel
from trimtab_stages.contract.capture import CapturePlan, CapturePolicy, CaptureSource, TimeRange
from trimtab_stages.contract.captured_row import CapturedRows
from trimtab_stages.contract.feedback import FeedbackBatch, Label
from trimtab_stages.contract.gates import Evidence, GateResult
from trimtab_stages.contract.ingest import IngestRules, Source
from trimtab_stages.contract.monitoring import Evaluation
from trimtab_stages.contract.pane import CompactedPanes, NumericCells, Pane
from trimtab_stages.contract.recipe import Recipe
from trimtab_stages.contract.run import (
    Commit,
    IngestCommit,
    IngestSpec,
    Progress,
    RunSpec,
    StageResult,
)
from trimtab_stages.contract.serving_plan import (
    GoldenRequest,
    PlanVersion,
    ReferenceProfile,
    ServingPlan,
)
from trimtab_stages.contract.snapshot import SnapshotManifest
from trimtab_stages.contract.writer_state import WriterState

GOLDEN = Path(__file__).parents[1] / "unit" / "contract" / "golden"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
DATA, MODEL, OTHER = (f"sha256:{digit * 64}" for digit in "abc")


def artifact(name: str, digest: str = DATA) -> ArtifactRef:
    return ArtifactRef(key=f"blobs/{name}", digest=digest, size=3)


RULES = IngestRules.model_validate(
    {
        "columns": [
            {"name": "ts", "type": "Timestamp", "role": "Id"},
            {"name": "count", "role": "Source", "unit": "rides"},
            {"name": "tmax", "unit": "degC", "sourceUnit": "degF", "range": {"min": "-30"}},
            {"name": "site", "type": "Category", "role": "Protected", "categories": ["a", "b"]},
        ],
        "time": {
            "column": "ts",
            "format": "%Y-%m-%d %H:%M",
            "timezone": "Europe/Berlin",
            "start": "2026-01-01T00:00:00Z",
            "grid": {"intervalSeconds": 3600, "onGap": "Fail"},
        },
        "duplicates": {"key": ["ts"], "keep": "Last"},
        "missing": [{"columns": ["tmax"], "strategy": "Constant", "value": "21.5"}],
        "cyclical": {"parts": ["HourOfDay"]},
        "lags": [{"column": "count", "steps": [1, 24]}],
        "slopes": [{"column": "tmax", "steps": [3]}],
        "target": {"name": "busy", "column": "count", "kind": "Above", "trainQuantile": "0.5"},
    }
)
CAPTURE = CaptureSource(
    model="bikes", policy=CapturePolicy.SLIDING_WINDOW, window_seconds=31_536_000
)
RECIPE = Recipe.model_validate(
    {
        "levers": [
            {"name": "scale", "op": "Scale"},
            {"name": "pca", "op": "Project", "components": 8, "maxInformationLoss": "0.05"},
        ],
        "model": {"hidden": [32, 16], "dropout": "0.1"},
        "training": {"epochs": 12, "learningRate": "0.002"},
        "decision": {"objective": "Recall", "minRecall": "0.7"},
        "gates": [
            {"name": "quality", "kind": "Metric", "metric": "RocAuc", "min": "0.8"},
            {"name": "parity", "kind": "Parity"},
        ],
    }
)
SNAPSHOT = SnapshotManifest.model_validate(
    {
        "dataset": "bikes",
        "digest": DATA,
        "rulesDigest": OTHER,
        "features": [
            {"name": "tmax", "unit": "degC"},
            {"name": "site", "kind": "Categorical", "categories": ["a", "b"]},
        ],
        "target": {"name": "busy", "classes": ["0", "1"], "threshold": 41.5},
        "timeColumn": "ts",
        "intervalSeconds": 3600,
        "splits": [
            {
                "name": name,
                "rows": 10,
                "start": NOON,
                "end": NOON,
                "positiveRate": 0.5,
                "file": artifact(f"{name}.parquet"),
            }
            for name in ("train", "validation", "test")
        ],
        "rowsIn": 34,
        "rowsKept": 30,
        "rowsQuarantined": 4,
        "counts": [{"rule": "Range", "quarantined": 4}],
    }
)
RUN_SPEC = RunSpec.model_validate(
    {
        "run": "bikes-1f3a",
        "pipeline": "bikes",
        "trigger": "NewSnapshot",
        "triggerId": "1f3a",
        "snapshot": DATA,
        "manifest": artifact("manifest.json"),
        "champion": {"digest": MODEL, "file": artifact("model.onnx", MODEL), "threshold": 0.5},
        "recipe": RECIPE,
        "codeVersion": "0.1.0",
    }
)
STAGE = StageResult.model_validate(
    {
        "stage": "train",
        "key": OTHER,
        "outputs": {"weights": artifact("weights")},
        "numbers": {"loss": 0.25},
        "seconds": 1.5,
    }
)
COMMIT = Commit.model_validate(
    {
        "run": "bikes-1f3a",
        "triggerId": "1f3a",
        "snapshot": DATA,
        "stages": [{"result": STAGE, "cached": True}],
        "evidence": Evidence(parity_max_abs_error=1e-6, parity_rows=10),
        "gates": [
            GateResult.model_validate(
                {"name": "parity", "kind": "Parity", "outcome": "Passed", "message": "equal"}
            )
        ],
        "outcome": "Passed",
        "estimates": [
            {"metric": "RocAuc", "value": 0.9, "low": 0.85, "high": 0.95, "samples": 500}
        ],
        "confusion": {"classes": ["0", "1"], "counts": [[8, 2], [1, 9]]},
        "model": {
            "file": artifact("model.onnx", MODEL),
            "threshold": 0.5,
            "classes": ["0", "1"],
            "features": [{"name": "tmax"}],
            "golden": artifact("golden.json"),
            "reference": artifact("reference.json"),
        },
        "report": artifact("report.html"),
    }
)
PLAN = ServingPlan(
    model="bikes",
    versions=[
        PlanVersion(digest=MODEL, key="blobs/m", weight=95, threshold=0.5, classes=["0", "1"]),
        PlanVersion(digest=OTHER, key="blobs/o", weight=5),
    ],
)
PANE = Pane(
    model="bikes",
    version=MODEL,
    bucket=1_763_812_800,
    bucket_seconds=300,
    writer="pod-a-7",
    rows=3,
    numeric={"tmax": NumericCells(counts=[1, 2], total=0.5, squares=1.25, min=1.0, max=2.0)},
    categorical={"site": {"a": 2, "__other__": 1}},
    score_counts=[1, 2],
    score_sums=[0.25, 1.5],
    decisions={"0": 1, "1": 2},
    first_event_ns=1,
    last_event_ns=2,
    first_received_ns=3,
    last_received_ns=4,
)
EVALUATION = Evaluation.model_validate(
    {
        "monitor": "bikes",
        "model": "bikes",
        "version": MODEL,
        "reference": DATA,
        "policy": OTHER,
        "start": NOON,
        "end": NOON,
        "closedNs": 5,
        "rows": 3,
        "labels": 2,
        "recordShare": 0.5,
        "lost": 1,
        "silent": ["bikes-0-18f3a"],
        "panes": ["serving/bikes/panes/x.json"],
        "compacted": artifact("panes.json").to_wire(),
        "records": ["serving/bikes/decisions/x.bin"],
        "feedback": ["serving/bikes/feedback/x.json"],
        "faults": [{"kind": "StuckSensor", "feature": "tmax", "message": "one value"}],
        "features": [
            {
                "feature": "tmax",
                "effect": 0.5,
                "wasserstein": 0.5,
                "psi": 0.25,
                "pValue": 0.001,
                "drifted": True,
            }
        ],
        "qualities": [
            {
                "metric": "BalancedAccuracy",
                "value": 0.75,
                "low": 0.5,
                "high": 1.0,
                "reference": 0.875,
                "referenceOf": "FirstWindow",
                "tested": 0.625,
                "first": {
                    "end": NOON,
                    "report": artifact("first.json").to_wire(),
                    "value": 0.875,
                    "counts": [[4, 0], [1, 3]],
                },
                "labels": 2,
                "counts": [[1, 0], [1, 0]],
            }
        ],
        "signals": [
            {
                "name": "quality",
                "kind": "RealisedQuality",
                "state": "Measured",
                "value": 0.125,
                "low": -0.125,
                "high": 0.375,
                "reference": 0.875,
                "referenceOf": "FirstWindow",
                "samples": 2,
                "message": "worse by 0.125",
            }
        ],
    }
)


def audit_draft(sequence: int = 0) -> AuditRecord:
    return AuditRecord(
        sequence=0,
        time=NOON,
        actor="system:serviceaccount:trimtab:operator",
        action=AuditAction.PROMOTED,
        object=AuditObject(kind="Model", namespace="bikes", name="bikes", uid="u", generation=3),
        reason=f"all gates passed, number {sequence}",
        evidence=[AuditEvidence(name="commit", digest=DATA)],
        cause=f"cause-{sequence}",
        lease_epoch=2,
        previous=GENESIS,
        hash=GENESIS,
    )


STORED: dict[str, StoredModel] = {
    "audit_record": seal(audit_draft(), None),
    "captured_rows": CapturedRows(
        model="bikes",
        version=MODEL,
        ids=["r#0"],
        event_time_ns=[1],
        received_ns=[2],
        numeric_columns=["tmax"],
        numeric="AAAAAA==",
        scores="AAAAPw==",
        decisions=[1],
    ),
    "commit": COMMIT,
    "compacted_panes": CompactedPanes(panes=[PANE]),
    "evaluation": EVALUATION,
    "feedback_batch": FeedbackBatch(
        model="bikes", received_ns=5, labels=[Label(id="r", row=1, label="1", event_time_ns=4)]
    ),
    "golden_request": GoldenRequest(numeric=[[1.0, 2.0]], scores=[[0.25]]),
    "ingest_commit": IngestCommit(
        id="i-1",
        dataset="bikes",
        snapshot=DATA,
        manifest=artifact("manifest.json"),
        rows=30,
        rows_quarantined=4,
        newest_row=NOON,
        captured_rows=7,
        captured_through=NOON,
    ),
    "ingest_spec": IngestSpec(
        id="i-1",
        dataset="bikes",
        source=Source(uri="raw/x.csv", capture=CAPTURE),
        rules=RULES,
        capture=CapturePlan(
            model=CAPTURE.model,
            policy=CAPTURE.policy,
            window_seconds=CAPTURE.window_seconds,
            through=NOON,
            excluded=[TimeRange(start=NOON - timedelta(days=3), end=NOON - timedelta(days=2))],
        ),
        code_version="0.1.0",
    ),
    "pane": PANE,
    "progress": Progress.model_validate(
        {"stage": "train", "done": 3, "of": 12, "numbers": {"loss": 0.5}}
    ),
    "reference_profile": ReferenceProfile.model_validate(
        {
            "snapshot": DATA,
            "rows": 10,
            "numeric": [
                {"name": "tmax", "edges": [1.0], "counts": [4, 6], "mean": 1.5, "std": 0.5}
            ],
            "scoreCounts": [4, 6],
        }
    ),
    "run_spec": RUN_SPEC,
    "serving_plan": PLAN,
    "snapshot_manifest": SNAPSHOT,
    "stage_result": STAGE,
    "writer_state": WriterState(model="bikes", at_ns=5, flush_seconds=10, unwritten=True),
}
"""Every format that lies in a bucket, by the name of its golden file."""


def pretty(model: StrictModel) -> str:
    return json.dumps(model.to_wire(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def write_golden() -> None:
    GOLDEN.mkdir(parents=True, exist_ok=True)
    for name, sample in STORED.items():
        (GOLDEN / f"{name}.json").write_text(pretty(sample), encoding="utf-8")


if __name__ == "__main__":
    write_golden()
