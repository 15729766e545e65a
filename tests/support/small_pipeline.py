"""A small Pipeline on real rows, trained long enough to be disturbed in the middle."""

from typing import Any

from demo.installation import empty, upload
from demo.tenant import tenant_store
from support.kubectl import Kubectl
from trimtab_stages.contract.layout import checkpoint_prefix

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
            "datasetRef": {"name": "r"},
            "training": {"epochs": 40, "earlyStopping": {"patienceEpochs": 40}},
            "compute": COMPUTE,
            "gates": [{"name": "parity", "kind": "Parity"}],
        },
    },
    {"kind": "Model", "spec": {"pipelineRef": {"name": "r"}}},
]


def apply_small_pipeline(kubectl: Kubectl, raw: bytes) -> None:
    """Empty the namespace and its bucket, so that nothing is cached, and apply the manifests."""
    empty(kubectl.namespace)
    upload(kubectl.namespace, "raw/bikes.csv", raw)
    for manifest in MANIFESTS:
        common = {"apiVersion": "trimtab.dev/v1alpha1", "metadata": {"name": "r"}}
        kubectl.apply(common | manifest)


def has_checkpoint(kubectl: Kubectl) -> bool:
    """Return whether a training has written a checkpoint."""
    with tenant_store(kubectl.namespace) as store:
        found = next(iter(store.list(checkpoint_prefix("").rstrip("/"))), None)
    return found is not None
