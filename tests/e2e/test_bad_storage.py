"""A storage Secret that is wrong or missing: what its pods find out is said of the namespace."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest

from demo.tenant import STORAGE_SECRET
from support.hourly_file import hourly_dataset
from support.kubectl import Kubectl
from support.promised import promised, wait_for_ended_pod, wait_for_failed_mount

pytestmark = pytest.mark.e2e


@dataclass(frozen=True)
class Case:
    """A change of the Secret, and what a Dataset says of it.

    Attributes:
        change: files of the Secret.
        reason: of the conditions StorageReachable and Ready.
        words: cause, object and next step.
    """

    change: dict[str, str]
    reason: str
    words: tuple[str, str, str]


CASES = {
    "wrong-endpoint": Case(
        {"endpoint": "http://127.0.0.1:9"},
        "StoreUnreachable",
        ("Connection refused", "http://127.0.0.1:9", "correct `endpoint` in the storage Secret"),
    ),
    "missing-bucket": Case(
        {"bucket": "no-such-bucket"},
        "BucketMissing",
        ("does not exist", "'no-such-bucket'", "create it, or correct `bucket`"),
    ),
    "wrong-key": Case(
        {"secretAccessKey": "a-guess"},
        "WrongCredentials",
        ("refuses the credentials", "bject store http", "correct `accessKeyId` and"),
    ),
}


@pytest.fixture
def kubectl(installed: list[str]) -> Iterator[Kubectl]:
    """Yield kubectl in the namespace whose Secret tests may change."""
    assert "storage-faults" in installed
    kubectl = Kubectl("storage-faults")
    yield kubectl
    kubectl.run("delete", "datasets", "--all", "--wait=true")


@contextmanager
def changed_secret(kubectl: Kubectl, change: dict[str, str]) -> Iterator[None]:
    """Change files of the storage Secret for the length of the block."""
    before = kubectl.get(f"secret/{STORAGE_SECRET}")["data"]
    _patch(kubectl, {"stringData": change})
    try:
        yield
    finally:
        _patch(kubectl, {"data": before})


@contextmanager
def no_secret(kubectl: Kubectl) -> Iterator[None]:
    """Take the storage Secret away for the length of the block."""
    before = kubectl.get(f"secret/{STORAGE_SECRET}")
    kubectl.run("delete", f"secret/{STORAGE_SECRET}")
    for given_by_the_server in ("uid", "resourceVersion", "creationTimestamp"):
        del before["metadata"][given_by_the_server]
    try:
        yield
    finally:
        kubectl.run("create", "-f", "-", stdin=json.dumps(before))


def _patch(kubectl: Kubectl, patch: dict[str, dict[str, str]]) -> None:
    kubectl.run("patch", f"secret/{STORAGE_SECRET}", "-p", json.dumps(patch))


@pytest.mark.parametrize("case", [pytest.param(case, id=name) for name, case in CASES.items()])
def test_a_wrong_secret_is_explained(
    kubectl: Kubectl, case: Case, request: pytest.FixtureRequest
) -> None:
    name = request.node.callspec.id
    with changed_secret(kubectl, case.change):
        kubectl.apply(hourly_dataset(name))
        wait_for_ended_pod(kubectl, f"trimtab.dev/dataset={name}")
        reachable = promised(kubectl, f"dataset/{name}", "StorageReachable", case.reason)
        ready = promised(kubectl, f"dataset/{name}", "Ready", case.reason)
    for said in (reachable, ready):
        assert said["status"] == "False"
        for words in case.words:
            assert words in said["message"]


def test_a_missing_secret_is_named(kubectl: Kubectl) -> None:
    with no_secret(kubectl):
        kubectl.apply(hourly_dataset("no-secret"))
        wait_for_failed_mount(kubectl, f'secret "{STORAGE_SECRET}" not found')
        ready = promised(kubectl, "dataset/no-secret", "Ready", "VolumeMissing")
    assert ready["status"] == "False"
    for words in ("not found", "Pod `no-secret-", f"Create Secret `{STORAGE_SECRET}`"):
        assert words in ready["message"]
