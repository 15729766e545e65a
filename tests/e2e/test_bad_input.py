"""Bad data becomes a condition with cause, object and next step within 30 s of being knowable."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from demo.installation import upload
from support.hourly_file import CSV, KEY, SPEC, hourly_dataset
from support.kubectl import Kubectl, KubectlError
from support.promised import promised, wait_for_ended_pod, wait_for_refused_pod

pytestmark = pytest.mark.e2e


def from_the_start(_: Kubectl, __: str) -> None:
    """The spec alone tells: the fault is knowable as soon as it is applied."""


@dataclass(frozen=True)
class Case:
    """A change of the good Dataset, and what is said of it.

    Attributes:
        change: fields of the spec.
        reason: of the Ready condition.
        words: cause, object and next step.
        wait_until_knowable: returns when Kubernetes shows the fault.
    """

    change: dict[str, Any]
    reason: str
    words: tuple[str, str, str]
    wait_until_knowable: Callable[[Kubectl, str], None] = wait_for_ended_pod


CASES = {
    "no-such-object": Case(
        {"source": {"uri": "raw/none.csv"}},
        "SourceMissing",
        ("is not in s3://", "raw/none.csv", "correct `spec.source.uri`"),
    ),
    "not-parquet": Case(
        {"source": {"uri": KEY, "format": "Parquet"}},
        "UnreadableFile",
        ("cannot be read as Parquet", KEY, "check `spec.source.format`"),
    ),
    "missing-column": Case(
        {"columns": [*SPEC["columns"], {"name": "wind"}]},
        "MissingColumn",
        ("has no column wind", KEY, "Correct `spec.columns[].name`"),
    ),
    "wrong-unit": Case(
        {
            "columns": [
                SPEC["columns"][0],
                {"name": "tmax", "unit": "K", "range": {"min": "200", "max": "330"}},
            ]
        },
        "WrongUnit",
        ("values lie outside", "tmax", "Set `spec.columns[].sourceUnit: degC`"),
    ),
    "no-rows-left": Case(
        {"time": {"column": "ts", "start": "2030-01-01T00:00:00Z"}},
        "NoRowsLeft",
        ("has no rows from `spec.time.start` 2030", KEY, "correct `spec.time`"),
    ),
    "leaking-target": Case(
        {"lags": [{"column": "count", "steps": [0]}]},
        "LeakingTarget",
        ("sees the value of `count`", "`count_lag0`", "use lags of at least 1 step"),
        from_the_start,
    ),
    "image-not-there": Case(
        {"compute": {"image": "localhost/no-such-image:1"}},
        "ImagePullFailed",
        ("cannot get image", "localhost/no-such-image:1", "Correct `spec.compute.image`"),
        wait_for_refused_pod,
    ),
}


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_dataset_says_cause_object_and_next_step(
    faults: Kubectl, case: Case, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    upload(faults.namespace, KEY, CSV.encode())
    faults.apply(hourly_dataset(name, case.change))
    case.wait_until_knowable(faults, f"trimtab.dev/dataset={name}")
    ready = promised(faults, f"dataset/{name}", "Ready", case.reason)
    assert ready["status"] == "False"
    for words in case.words:
        assert words in ready["message"]


def test_unknown_reference_is_named(faults: Kubectl) -> None:
    faults.apply(
        {
            "apiVersion": "trimtab.dev/v1alpha1",
            "kind": "Pipeline",
            "metadata": {"name": "orphan"},
            "spec": {"datasetRef": {"name": "nowhere"}},
        }
    )
    ready = promised(faults, "pipeline/orphan", "Ready", "ReferenceNotFound")
    assert ready["status"] == "False"
    for words in ("does not exist in this namespace", "Dataset `nowhere`", "create it, or correct"):
        assert words in ready["message"]


def test_unknown_field_is_refused_by_apply(faults: Kubectl) -> None:
    manifest = hourly_dataset("typing-error")
    manifest["spec"]["sorce"] = {"uri": KEY}
    with pytest.raises(KubectlError, match="sorce"):
        faults.apply(manifest)
