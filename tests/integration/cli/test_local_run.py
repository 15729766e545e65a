"""`trimtab run` with the pods' real entry points as child processes."""

import json
import math
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from support.waiting import wait_until
from trimtab_operator.cli.checks import validate

pytestmark = pytest.mark.integration

HOURS = 1500
START = datetime(2026, 1, 1)  # noqa: DTZ001 - the source's stamps carry no zone
DEADLINE = 600.0
ROOT = Path(__file__).parents[3]
MANIFESTS = """\
apiVersion: trimtab.dev/v1alpha1
kind: Dataset
metadata: {name: rides}
spec:
  source: {uri: raw/rides.csv, capture: {model: rides, policy: SinceLastSnapshot}}
  columns:
    - {name: count, role: Source, availability: After}
    - {name: warmth, unit: degC, range: {min: "-40", max: "60"}}
  time: {column: ts, grid: {intervalSeconds: 3600}}
  cyclical: {parts: [HourOfDay]}
  target: {name: busy, column: count, kind: Above, threshold: "50"}
---
apiVersion: trimtab.dev/v1alpha1
kind: Pipeline
metadata: {name: rides}
spec:
  datasetRef: {name: rides}
  training: {epochs: 4, batchSize: 64, seed: 1}
  gates:
    - {name: parity, kind: Parity}
    - {name: good, kind: Metric, metric: BalancedAccuracy, min: "0.6"}
"""


def rows() -> str:
    """Return hours whose load follows the time of day; two rows are implausibly hot."""
    lines = ["ts,count,warmth"]
    for hour in range(HOURS):
        count = 50 + 45 * math.sin(hour * math.tau / 24) + (hour * 7 % 11) - 5
        warmth = 400 if hour in {10, 20} else 15 + 10 * math.sin(hour * math.tau / 24)
        lines.append(f"{START + timedelta(hours=hour):%Y-%m-%d %H:%M:%S},{count:.0f},{warmth:.1f}")
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="module", autouse=True)
def frozen_code(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Run a copy of the code: an edit meanwhile would rightly run stages again."""
    copy = tmp_path_factory.mktemp("code")
    for name in ("operator/trimtab_operator", "stages/trimtab_stages"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, copy / Path(name).name, ignore=ignore)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(copy))
        yield


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "raw").mkdir()
    (tmp_path / "raw" / "rides.csv").write_text(rows())
    (tmp_path / "loop.yaml").write_text(MANIFESTS)
    assert validate([tmp_path / "loop.yaml"]).errors == ()
    return tmp_path


def command(project: Path, *more: str) -> list[str]:
    options = ["-f", str(project / "loop.yaml"), "--workdir", str(project / "work"), *more]
    return [sys.executable, "-m", "trimtab_operator.cli", "run", *options]


def trimtab_run(project: Path, *more: str) -> tuple[int, dict[str, Any], str]:
    """Return exit code, JSON result and what went to standard error."""
    done = subprocess.run(
        command(project, "-o", "json", *more), capture_output=True, text=True, timeout=DEADLINE
    )
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def cached(result: dict[str, Any]) -> list[bool]:
    return [stage["cached"] for stage in result["pipelines"][0]["stages"]]


def edit(project: Path, before: str, after: str) -> None:
    path = project / "loop.yaml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_walk_from_data_to_model(project: Path) -> None:
    """First everything runs, then nothing, then only what an edit changes."""
    code, first, progress = trimtab_run(project)
    assert code == 0, progress
    assert "Dataset rides: the file alone is ingested" in progress
    assert first["datasets"][0]["rowsQuarantined"] == 2
    assert cached(first) == [False] * 4
    run = first["pipelines"][0]
    assert {gate["outcome"] for gate in run["gates"]} == {"Passed"}
    assert Path(run["model"]["file"]).stat().st_size > 0
    assert "<html" in Path(run["report"]).read_text()[:500]
    assert ">Candidate<" in Path(first["picture"]).read_text()
    assert "train" in progress

    code, second, progress = trimtab_run(project)
    assert (code, second["unchanged"], cached(second)) == (0, True, [True] * 4)
    assert second["pipelines"][0]["model"] == run["model"]
    assert progress == ""

    edit(project, 'min: "0.6"', 'min: "0.9999"')
    code, third, _ = trimtab_run(project)
    assert code in {2, 3}
    assert cached(third) == [True] * 4
    assert third["pipelines"][0]["outcome"] in {"Failed", "Inconclusive"}

    code, fourth, _ = trimtab_run(project, "--against", run["run"])
    assert code in {2, 3}
    assert cached(fourth) == [True, True, True, False]


def test_new_rows_make_a_new_snapshot(project: Path) -> None:
    (project / "loop.yaml").write_text(MANIFESTS.partition("---\n")[0])
    code, first, errors = trimtab_run(project)
    assert code == 0, errors
    source = project / "raw" / "rides.csv"
    source.write_text("\n".join(source.read_text().splitlines()[:-24]) + "\n")
    code, second, errors = trimtab_run(project)
    assert code == 0, errors
    assert first["datasets"][0]["snapshot"] != second["datasets"][0]["snapshot"]
    assert second["unchanged"] is False


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("raw/rides.csv", "raw/absent.csv", "✗ SourceMissing: `source.uri` raw/absent.csv"),
        ("column: ts,", "column: when,", "✗ MissingColumn:"),
        ("datasetRef: {name: rides}", "datasetRef: {name: cars}", "✗ ReferenceNotFound:"),
        ("epochs: 4", "epoch: 4", "did you mean `epochs`?"),
    ],
    ids=["source", "column", "reference", "field"],
)
def test_faults_end_with_reason_and_next_step(
    project: Path, before: str, after: str, words: str
) -> None:
    edit(project, before, after)
    code, result, errors = trimtab_run(project)
    assert (code, result) == (1, {})
    assert words in errors
    assert "Traceback" not in errors


def test_a_stopped_run_is_continued(project: Path) -> None:
    edit(project, "epochs: 4", "epochs: 80, earlyStopping: {patienceEpochs: 80}")
    checkpoints = project / "work" / "store" / "checkpoints"
    process = subprocess.Popen(command(project), stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        wait_until(lambda: list(checkpoints.glob("*/*.pt")), DEADLINE, what="a checkpoint")
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=DEADLINE)
    finally:
        process.kill()
    assert process.returncode == 130, errors.decode()
    assert "continues from the last checkpoint" in errors.decode()
    assert not stages_of(project)

    reached = max(int(path.stem) for path in checkpoints.glob("*/*.pt"))
    code, result, told = trimtab_run(project)
    assert code == 0, told
    assert first_epoch(project, result["pipelines"][0]["run"]) > reached


def first_epoch(project: Path, run: str) -> int:
    """Return the first epoch that the newest process of a run reported."""
    lines = (project / "work" / "logs" / f"{run}.jsonl").read_text().splitlines()
    reports = [json.loads(line).get("progress", {}) for line in lines if line.startswith("{")]
    done: list[int] = [report["done"] for report in reports if report.get("stage") == "train"]
    return done[0]


def stages_of(project: Path) -> Sequence[str]:
    """Return the command lines of stage processes that still work in this project."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().decode(errors="replace")
            except OSError:
                continue
            if "trimtab_stages" in line and str(project) in line:
                found.append(line)
    return found
