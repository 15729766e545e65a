"""A small Pipeline on real rows, trained long enough to be disturbed in the middle."""

from typing import Any

from demo.installation import empty, upload
from demo.tenant import tenant_store
from support.kubectl import Kubectl
from trimtab_stages.contract.layout import checkpoint_prefix

NAME = "-".join(["recover"] * 8)
"""Of Dataset, Pipeline and Model: 63 characters, the longest that Kubernetes takes for labels."""
EPOCHS = 200
"""So many that a kill after the first checkpoint is in the middle."""
GATES = [
    {"name": "parity", "kind": "Parity"},
    {"name": "good", "kind": "Metric", "metric": "BalancedAccuracy", "min": "0.8"},
]
COMPUTE = {"cpu": "1", "memory": "3Gi"}
MANIFESTS: list[dict[str, Any]] = [
    {
        "kind": "Dataset",
        "spec": {
            "source": {"uri": "raw/bikes.csv"},
            "columns": [
                {"name": "count", "role": "Source", "availability": "After"},
                {"name": "tmax", "availability": "KnownInAdvance"},
            ],
            "time": {
                "column": "ts",
                "end": "2011-03-01T00:00:00Z",
                "grid": {"intervalSeconds": 3600},
            },
            "cyclical": {"parts": ["HourOfDay", "DayOfWeek"]},
            "target": {"name": "busy", "column": "count", "kind": "Above", "trainQuantile": "0.5"},
        },
    },
    {
        "kind": "Pipeline",
        "spec": {
            "datasetRef": {"name": NAME},
            "training": {"epochs": EPOCHS, "earlyStopping": {"patienceEpochs": EPOCHS}},
            "compute": COMPUTE,
            "gates": GATES,
        },
    },
    {"kind": "Model", "spec": {"pipelineRef": {"name": NAME}}},
]


def apply_small_pipeline(kubectl: Kubectl, raw: bytes) -> None:
    """Empty the namespace and its bucket, so that nothing is cached, and apply the manifests."""
    empty(kubectl.namespace)
    upload(kubectl.namespace, "raw/bikes.csv", raw)
    for manifest in MANIFESTS:
        common = {"apiVersion": "trimtab.dev/v1alpha1", "metadata": {"name": NAME}}
        kubectl.apply(common | manifest)


def has_checkpoint(kubectl: Kubectl) -> bool:
    """Return whether a training has written a checkpoint."""
    with tenant_store(kubectl.namespace) as store:
        found = next(iter(store.list(checkpoint_prefix("").rstrip("/"))), None)
    return found is not None
