"""`trimtab status`: the same stations as text."""

import json
from pathlib import Path

import pytest

from support.cli_objects import CHAMPION, condition, dataset, model, pipeline, run, run_cli

STALLED = condition(
    "Stalled", "True", "SourceMissing", "raw/bikes.csv is not in the bucket; put it"
)
GATES = [
    {"name": "quality", "kind": "Metric", "outcome": "Failed", "message": "0.6, needs 0.8"},
]


@pytest.fixture
def objects(tmp_path: Path) -> str:
    items = [
        dataset(conditions=[STALLED]),
        pipeline(),
        run(gates=GATES, conditions=[condition("Complete", "True", "Committed")]),
        model(champion=CHAMPION, conditions=[condition("Ready", "True", "Answering")]),
    ]
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"items": items}))
    return str(path)


def test_every_station_has_a_line(objects: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("status", "--objects", objects) == 0
    lines = capsys.readouterr().out.splitlines()
    for kind, word in (
        ("Source", "SourceMissing"),
        ("Ingest", "SourceMissing"),
        ("Run", "Committed"),
        ("Gates", "Failed"),
        ("Model version", "Champion"),
        ("Serving", "Answering"),
    ):
        assert any(kind in line and word in line for line in lines)
    assert any("raw/bikes.csv is not in the bucket; put it" in line for line in lines)
    assert any("✗ quality" in line and "0.6, needs 0.8" in line for line in lines)


def test_scripts_learn_of_failures(objects: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_cli("status", "model/demand", "--objects", objects, "--strict", "-o", "json") == 1
    (loop,) = json.loads(capsys.readouterr().out)
    stations = {station["station"]: station for station in loop["stations"]}
    assert stations["source"]["state"] == "bad"
    assert stations["gates"]["items"][0]["name"] == "quality"
    assert stations["version"]["facts"]["champion since"].endswith("ago")


def test_objects_of_newer_kinds_are_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    newer = model()
    newer["spec"]["governance"] = {"approvals": 2}
    path = tmp_path / "objects.json"
    path.write_text(json.dumps({"items": [dataset(), pipeline(), newer]}))
    assert run_cli("status", "--objects", str(path)) == 0
    captured = capsys.readouterr()
    assert "Model/demand is left out: `spec.governance`" in captured.err
    assert "Ingest" in captured.out


def test_nothing_to_show_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "objects.json"
    path.write_text('{"items": []}')
    assert run_cli("status", "--objects", str(path)) == 1
    assert "apply one first" in capsys.readouterr().err
