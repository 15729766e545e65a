"""Bad input becomes a condition with cause, object and next step within 30 s of being knowable."""

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import pytest

from demo.installation import upload
from support.kubectl import Kubectl, KubectlError
from support.waiting import wait_until

pytestmark = pytest.mark.e2e

CSV = "ts,count,tmax\n" + "".join(
    f"2024-01-{day:02d} {hour:02d}:00:00,{(day * 7 + hour) % 23},{day % 9 + hour / 10}\n"
    for day in range(1, 29)
    for hour in range(24)
)

DATASET: dict[str, Any] = {
    "apiVersion": "trimtab.dev/v1alpha1",
    "kind": "Dataset",
    "metadata": {"name": "case"},
    "spec": {
        "source": {"uri": "raw/case.csv"},
        "columns": [
            {"name": "count", "role": "Source", "availability": "After"},
            {"name": "tmax", "unit": "degC", "availability": "KnownInAdvance"},
        ],
        "time": {"column": "ts", "grid": {"intervalSeconds": 3600}},
        "target": {"name": "busy", "column": "count", "kind": "Above", "trainQuantile": "0.5"},
        "compute": {"cpu": "200m", "memory": "512Mi", "maxAttempts": 1},
    },
}


@dataclass(frozen=True)
class Case:
    """A change of the good Dataset, and the words that its condition must have."""

    change: dict[str, Any]
    reason: str
    words: tuple[str, ...]


CASES = {
    "no-such-object": Case({"source": {"uri": "raw/none.csv"}}, "SourceMissing", ("raw/none.csv",)),
    "not-parquet": Case(
        {"source": {"uri": "raw/case.csv", "format": "Parquet"}}, "UnreadableFile", ("case.csv",)
    ),
    "missing-column": Case(
        {"columns": [*DATASET["spec"]["columns"], {"name": "wind"}]},
        "MissingColumn",
        ("wind", "tmax"),
    ),
    "wrong-unit": Case(
        {
            "columns": [
                DATASET["spec"]["columns"][0],
                {"name": "tmax", "unit": "K", "range": {"min": "200", "max": "330"}},
            ]
        },
        "WrongUnit",
        ("tmax", "degC"),
    ),
    "no-rows-left": Case(
        {"time": {"column": "ts", "start": "2030-01-01T00:00:00Z"}}, "NoRowsLeft", ("2030",)
    ),
    "leaking-target": Case(
        {"lags": [{"column": "count", "steps": [0]}]}, "LeakingTarget", ("count",)
    ),
    "image-not-there": Case(
        {"compute": {"image": "localhost/no-such-image:1"}},
        "ImagePullFailed",
        ("localhost/no-such-image:1",),
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_dataset_says_cause_object_and_next_step(
    faults: Kubectl, case: Case, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    upload(faults.namespace, "raw/case.csv", CSV.encode())
    manifest = deepcopy(DATASET)
    manifest["metadata"]["name"] = name
    for field, value in case.change.items():
        old = manifest["spec"].get(field)
        merged = {**old, **value} if isinstance(old, dict) else value
        manifest["spec"][field] = merged
    faults.apply(manifest)

    def stalled() -> dict[str, Any] | None:
        ready = faults.condition(f"dataset/{name}", "Ready")
        return ready if ready.get("reason") == case.reason else None

    ready = wait_until(stalled, 90, interval=0.5, what=f"Ready/{case.reason} of {name}")
    assert ready["status"] == "False"
    for word in case.words:
        assert word in ready["message"]


def test_unknown_reference_is_named(faults: Kubectl) -> None:
    faults.apply(
        {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Pipeline",
            "metadata": {"name": "orphan"},
            "spec": {"datasetRef": {"name": "nowhere"}},
        }
    )

    def named() -> dict[str, Any] | None:
        ready = faults.condition("pipeline/orphan", "Ready")
        return ready if ready.get("reason") == "ReferenceNotFound" else None

    ready = wait_until(named, 30, interval=0.5)
    assert "nowhere" in ready["message"]


def test_unknown_field_is_refused_by_apply(faults: Kubectl) -> None:
    manifest = deepcopy(DATASET)
    manifest["spec"]["sorce"] = {"uri": "raw/case.csv"}
    with pytest.raises(KubectlError, match="sorce"):
        faults.apply(manifest)
