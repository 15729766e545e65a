"""Objects as the API server returns them, and manifests as people write them, for CLI tests."""

from typing import Any

from trimtab_operator.cli.__main__ import main

DATA, MODEL = (f"sha256:{digit * 64}" for digit in "ab")
MANIFESTS = """\
apiVersion: trimtab.dev/v1alpha1
kind: Dataset
metadata:
  name: bikes
spec:
  source:
    uri: raw/bikes.csv
  columns:
    - {name: count, role: Source, availability: After}
    - {name: tmax, unit: degC}
  time:
    column: ts
    start: 2011-01-01T00:00:00Z
    grid: {intervalSeconds: 3600}
  target: {name: busy, column: count, kind: Above, trainQuantile: "0.5"}
---
apiVersion: trimtab.dev/v1alpha1
kind: Pipeline
metadata:
  name: bikes
spec:
  datasetRef:
    name: bikes
  training:
    epochs: 5
  gates:
    - name: quality
      kind: Metric
      metric: BalancedAccuracy
      min: "0.8"
---
apiVersion: trimtab.dev/v1alpha1
kind: Model
metadata:
  name: bikes
spec:
  pipelineRef:
    name: bikes
"""


def run_cli(*arguments: str) -> int:
    """Run the command line and return its exit code."""
    try:
        main(list(arguments))
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    return 0


def condition(kind: str, status: str, reason: str, message: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-22T01:00:00Z",
    }


def body(kind: str, name: str, spec: dict[str, Any], **status: Any) -> dict[str, Any]:
    return {
        "apiVersion": "trimtab.dev/v1alpha1",
        "kind": kind,
        "metadata": {
            "name": name,
            "namespace": "wind",
            "uid": f"uid-{name}",
            "creationTimestamp": "2026-11-22T00:10:00Z",
            "managedFields": [{"manager": "kubectl"}],
        },
        "spec": spec,
        "status": status,
    }


def dataset(**status: Any) -> dict[str, Any]:
    spec = {
        "source": {"uri": "raw/bikes.csv"},
        "columns": [{"name": "count", "role": "Source"}, {"name": "tmax"}],
        "time": {"column": "ts", "grid": {"intervalSeconds": 3600}},
        "target": {"name": "busy", "column": "count", "kind": "Above", "threshold": "9"},
    }
    return body("Dataset", "bikes", spec, **status)


def pipeline(**fields: Any) -> dict[str, Any]:
    return body("Pipeline", "demand", {"datasetRef": {"name": "bikes"}, **fields})


def run(name: str = "demand-1f3a9c", **status: Any) -> dict[str, Any]:
    spec = {
        "pipeline": "demand",
        "pipelineUid": "u",
        "pipelineGeneration": 1,
        "trigger": "NewSnapshot",
        "triggerId": "1f3a9c",
        "triggerMessage": "snapshot aaaa is new",
        "dataset": "bikes",
        "snapshot": DATA,
        "manifest": {"key": "snapshots/bikes/a/manifest.json", "digest": DATA, "size": 1},
        "recipe": {},
        "compute": {},
        "codeVersion": "0.1.0",
    }
    return body("PipelineRun", name, spec, **status)


def model(**status: Any) -> dict[str, Any]:
    return body("Model", "demand", {"pipelineRef": {"name": "demand"}}, **status)


def monitor(**status: Any) -> dict[str, Any]:
    return body("DriftMonitor", "demand", {"modelRef": {"name": "demand"}}, **status)


def decision(outcome: str, reason: str, message: str = "") -> dict[str, Any]:
    return {
        "windowEnd": "2026-11-22T00:00:00Z",
        "outcome": outcome,
        "reason": reason,
        "message": message,
        "version": MODEL,
        "triggerId": "t",
        "time": "2026-11-22T01:10:00Z",
    }


SNAPSHOT = {
    "digest": DATA,
    "ingestId": "i-1",
    "manifest": {"key": "snapshots/bikes/a/manifest.json", "digest": DATA, "size": 1},
    "rows": 54120,
    "quarantined": 812,
    "newestRowTime": "2026-11-21T00:00:00Z",
    "committedTime": "2026-11-22T00:12:00Z",
}
CHAMPION = {
    "digest": MODEL,
    "key": "blobs/bb/bb",
    "run": "demand-0aaa00",
    "snapshot": DATA,
    "since": "2026-11-22T00:17:00Z",
}
