"""The command line against a real API server: live diagrams, and validation that agrees with it."""

import uuid
from pathlib import Path
from typing import Any

import pytest
import yaml

from support.apiserver import ApiError, ApiServer
from support.cli_objects import (
    CHAMPION,
    MANIFESTS,
    SNAPSHOT,
    condition,
    dataset,
    model,
    pipeline,
    run,
    run_cli,
)
from trimtab_operator.api.kinds import BY_KIND
from trimtab_operator.cli.checks import validate
from trimtab_operator.cli.manifest_files import ManifestLoader

pytestmark = pytest.mark.integration

API = "/apis/trimtab.dev/v1alpha1/namespaces"


@pytest.fixture
def namespace(api_server: ApiServer) -> str:
    return api_server.create_namespace(f"cli-{uuid.uuid4().hex[:8]}")


def path_of(namespace: str, body: dict[str, Any]) -> str:
    plural = BY_KIND[body["kind"]].plural
    return f"{API}/{namespace}/{plural}/{body['metadata']['name']}"


def put(server: ApiServer, namespace: str, body: dict[str, Any]) -> None:
    """Create an object with its status, as the operator would have written it."""
    plain = {key: body[key] for key in ("apiVersion", "kind", "spec")}
    plain["metadata"] = {"name": body["metadata"]["name"]}
    path = path_of(namespace, body)
    server.apply(path, plain)
    if body["status"]:
        server.merge(f"{path}/status", {"status": {"observedGeneration": 1} | body["status"]})


@pytest.fixture
def loop(api_server: ApiServer, namespace: str) -> str:
    """A namespace with a whole loop."""
    answering = [condition("Ready", "True", "Answering"), condition("Serving", "True", "Answering")]
    for body in (
        dataset(snapshot=SNAPSHOT, conditions=[condition("Ready", "True", "SnapshotCurrent")]),
        pipeline(),
        run(progress={"stage": "train", "done": 3, "of": 12, "message": "loss 0.5"}),
        model(champion=CHAMPION, conditions=answering),
    ):
        put(api_server, namespace, body)
    return namespace


def test_live_diagram_shows_the_status(
    api_server: ApiServer,
    loop: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api_server.operator_kubeconfig()))
    assert run_cli("diagram", "model/demand", "-n", loop, "-o", "-") == 0
    svg = capsys.readouterr().out
    for words in ("SnapshotCurrent", "demand-1f3a9c", "3 / 12", "Answering", "Collecting"):
        assert f">{words}<" in svg


def test_namespace_of_the_context_is_used(
    api_server: ApiServer,
    loop: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = yaml.safe_load(api_server.operator_kubeconfig().read_text())
    config["contexts"][0]["context"]["namespace"] = loop
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert run_cli("diagram", "-o", "-") == 0
    assert f"Trimtab: {loop}" in capsys.readouterr().out


def test_empty_namespace_is_said(
    api_server: ApiServer,
    namespace: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(api_server.operator_kubeconfig()))
    assert run_cli("diagram", "--live", "-n", namespace) == 1
    assert "NothingToDraw" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"users": [{"name": "test", "user": {"token": "wrong"}}]}, "Cluster"),
        ({"current-context": "absent"}, "NotAuthenticated"),
    ],
    ids=["wrong-token", "no-context"],
)
def test_a_login_that_does_not_work_is_said(
    api_server: ApiServer,
    tmp_path: Path,
    change: dict[str, Any],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = yaml.safe_load(api_server.operator_kubeconfig().read_text()) | change
    path = tmp_path / "kubeconfig"
    path.write_text(yaml.safe_dump(config))
    monkeypatch.setenv("KUBECONFIG", str(path))
    assert run_cli("diagram", "--live") == 1
    told = capsys.readouterr().err
    assert words in told
    assert "kubectl" in told


def accepted(server: ApiServer, namespace: str, text: str) -> bool:
    """Return whether the API server takes all objects, with strict field validation."""
    try:
        for body in yaml.load_all(text, Loader=ManifestLoader):
            server.apply(path_of(namespace, body), body)
    except ApiError:
        return False
    return True


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", ""),
        ("epochs: 5", "epoch: 5"),
        ("epochs: 5", 'epochs: "5"'),
        ("epochs: 5", "epochs: 0"),
        ("epochs: 5", "epochs: 5.5"),
        ("epochs: 5", "batch_size: 5"),
        ('min: "0.8"', "min: 0.8"),
        ('min: "0.8"', "min: 1"),
        ('min: "0.8"', 'min: "high"'),
        ('min: "0.8"', 'min: "0.8"\n      max: "0.9"'),
        ("kind: Metric", "kind: Metrik"),
        ("      metric: BalancedAccuracy\n", ""),
        ("column: ts", "column: t-s"),
        ("start: 2011-01-01T00:00:00Z", "start: yesterday"),
        ("intervalSeconds: 3600", "intervalSeconds: 0"),
        ("    uri: raw/bikes.csv\n", "    format: CSV\n"),
    ],
    ids=lambda text: text.strip() or "-",
)
def test_validate_agrees_with_the_api_server(
    api_server: ApiServer, namespace: str, tmp_path: Path, before: str, after: str
) -> None:
    text = MANIFESTS.replace(before, after, 1) if before else MANIFESTS
    path = tmp_path / "loop.yaml"
    path.write_text(text)
    assert accepted(api_server, namespace, text) == (not validate([path]).errors)
