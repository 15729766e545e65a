"""`trimtab render`: the operator's own children, as YAML and JSON."""

import json
from pathlib import Path

import pytest
import yaml

from support.cli_objects import MANIFESTS, run_cli


@pytest.fixture
def manifests(tmp_path: Path) -> str:
    path = tmp_path / "loop.yaml"
    path.write_text(MANIFESTS)
    return str(path)


def test_all_children_are_rendered(manifests: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("render", "-f", manifests, "-n", "wind") == 0
    captured = capsys.readouterr()
    children = list(yaml.safe_load_all(captured.out))
    kinds = [child["kind"] for child in children]
    assert kinds.count("Job") == 2
    assert {"ConfigMap", "PipelineRun", "Deployment", "Service"} <= set(kinds)
    assert {child["metadata"]["namespace"] for child in children} == {"wind"}
    assert "Zeros stand for digests" in captured.err
    assert "&id" not in captured.out


def test_images_follow_registry_and_tag(manifests: str, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--kind", "job", "--registry", "registry.local/x", "--tag", "1.2.3", "-o", "json")
    assert run_cli("render", "-f", manifests, *options) == 0
    children = json.loads(capsys.readouterr().out)["items"]
    images = [
        container["image"]
        for child in children
        for container in child["spec"]["template"]["spec"]["containers"]
    ]
    assert images == [
        "registry.local/x/trimtab-ingest:1.2.3",
        "registry.local/x/trimtab-train:1.2.3",
    ]


def test_runs_are_shown_as_kuberay_starts_them(
    manifests: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_cli("render", "-f", manifests, "--kind", "RayJob", "-o", "json") == 0
    (job,) = json.loads(capsys.readouterr().out)["items"]
    assert job["apiVersion"] == "ray.io/v1"
    assert job["spec"]["rayClusterSpec"]["rayVersion"]


def test_what_is_not_there_is_said(manifests: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("render", "-f", manifests, "--kind", "statefulset") == 1
    assert "no child is a statefulset; there are: ConfigMap, Deployment" in capsys.readouterr().err


def test_invalid_manifests_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "loop.yaml"
    path.write_text(MANIFESTS.replace("epochs", "epoch"))
    assert run_cli("render", "-f", str(path)) == 1
    told = capsys.readouterr().err
    assert "InvalidSpec" in told
    assert "`spec.training.epoch`" in told
