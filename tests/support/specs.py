"""The smallest specs that each kind accepts, and a way to change one field."""

import copy
from typing import Any

Spec = dict[str, Any]

DIGEST = f"sha256:{'a' * 64}"


def dataset_spec() -> Spec:
    """Return a Dataset in ten lines."""
    return {
        "source": {"uri": "raw/bikes.csv"},
        "columns": [{"name": "temperature"}, {"name": "count", "role": "Source"}],
        "time": {"column": "stamp"},
        "target": {"name": "busy", "column": "count", "kind": "Above", "threshold": "100"},
    }


def pipeline_spec() -> Spec:
    """Return a Pipeline in two lines."""
    return {"datasetRef": {"name": "bikes"}}


def model_spec() -> Spec:
    """Return a Model of a Pipeline."""
    return {"pipelineRef": {"name": "bikes"}}


def pipelinerun_spec() -> Spec:
    """Return a PipelineRun as the operator writes it, defaults left out."""
    return {
        "pipeline": "bikes",
        "pipelineUid": "uid-1",
        "pipelineGeneration": 1,
        "trigger": "NewSnapshot",
        "triggerId": "3f9a1c20d7",
        "triggerMessage": "A new snapshot.",
        "dataset": "bikes",
        "snapshot": DIGEST,
        "manifest": {"key": "snapshots/bikes/manifest.json", "digest": DIGEST, "size": 1},
        "recipe": {},
        "compute": {},
        "codeVersion": "0.1.0",
    }


def drift_monitor_spec() -> Spec:
    """Return a DriftMonitor in one line."""
    return {"modelRef": {"name": "bikes"}}


SPECS = {
    "Dataset": dataset_spec,
    "Pipeline": pipeline_spec,
    "PipelineRun": pipelinerun_spec,
    "Model": model_spec,
    "DriftMonitor": drift_monitor_spec,
}
"""The smallest spec by kind."""


def changed(spec: Spec, path: str, value: object) -> Spec:
    """Return a copy with one field set, for example `columns.0.unit`; None removes it."""
    result = copy.deepcopy(spec)
    *parents, last = path.split(".")
    node: Any = result
    for part in parents:
        node = node[int(part)] if isinstance(node, list) else node.setdefault(part, {})
    key: Any = int(last) if isinstance(node, list) else last
    if value is None:
        del node[key]
    else:
        node[key] = value
    return result
